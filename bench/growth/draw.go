package growth

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"weir/bench/plot"
	"weir/bench/rival"
)

// picture is one file of plots.
type picture struct {
	name   string // of the file, without .svg
	title  string
	panels []panel
}

// panel is one measure of one sweep.
type panel struct {
	sweep, measure string
	title          string
	x              string // label of the axis of sizes
	y              string // and of the figures
	from           int    // smaller sizes are not drawn
	linear         bool   // both axes
}

var pictures = []picture{
	{"connections", "Costs against connections: ws, one subscription each", []panel{
		{sweep: Connections, measure: "memory of one", title: "Memory of an idle connection", x: "connections", y: "KiB a connection", from: fewConnections},
		{sweep: Connections, measure: "memory", title: "Memory of the process", x: "connections", y: "MiB", linear: true},
		{sweep: Connections, measure: "idle CPU", title: "CPU while nobody says anything", x: "connections", y: "ms a second", linear: true},
		{sweep: Connections, measure: "CPU", title: "CPU of a message to each, one after the other", x: "connections", y: "µs a delivery"},
	}},
	{"receivers", "Costs against receivers: one message at a time to all", []panel{
		{sweep: Receivers, measure: "CPU", title: "CPU, ws, 128 B", x: "receivers", y: "µs a delivery"},
		{sweep: Receivers, measure: "memory", title: "Memory of the process, ws, 128 B", x: "receivers", y: "MiB"},
		{sweep: DeflateReceivers, measure: "CPU", title: "CPU, ws with compression, 1 KiB of JSON", x: "receivers", y: "µs a delivery"},
		{sweep: DeflateReceivers, measure: "memory", title: "Memory of the process, the same", x: "receivers", y: "MiB"},
	}},
	{"payload", "Costs against the size of a message: one at a time to 100 receivers", []panel{
		{sweep: Payload, measure: "CPU", title: "CPU, ws", x: "bytes of a body", y: "µs a delivery"},
		{sweep: Payload, measure: "memory", title: "Memory of the process, ws", x: "bytes of a body", y: "MiB"},
		{sweep: DeflatePayload, measure: "CPU", title: "CPU, ws with compression, JSON", x: "bytes of a body", y: "µs a delivery"},
		{sweep: DeflatePayload, measure: "memory", title: "Memory of the process, the same", x: "bytes of a body", y: "MiB"},
	}},
	{"subscriptions", "Costs against subscriptions, each for a subject of its own", []panel{
		{sweep: Matching, measure: "CPU", title: "CPU of a message that one of them is for", x: "subjects", y: "µs a message"},
		{sweep: Stored, measure: "memory of one", title: "Memory of a subscription", x: "subjects", y: "bytes a subscription", from: fewSubscriptions / 10},
		{sweep: Stored, measure: "memory", title: "Memory of the process", x: "subjects", y: "MiB"},
	}},
	{"rate", "Costs against the publish rate: ws, 128 B, 10 receivers", []panel{
		{sweep: Rate, measure: "CPU", title: "CPU of a delivery", x: "messages a second", y: "µs a delivery"},
		{sweep: Rate, measure: "memory", title: "Memory of the process", x: "messages a second", y: "MiB"},
	}},
}

// Pictures gives the SVG files by their names, and the page with their figures.
func (f File) Pictures() (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, p := range pictures {
		figure := plot.Figure{Title: p.title}
		for _, part := range p.panels {
			sweep, _ := f.Find(part.sweep)
			series, ok := sweep.Find(part.measure)
			if !ok {
				return nil, fmt.Errorf("the file has no %s of the sweep %q", part.measure, part.sweep)
			}
			figure.Caption = []string{sweep.Day + ", " + sweep.How, f.Machine.String()}
			figure.Panels = append(figure.Panels, part.draw(sweep, series))
		}
		all[p.name+".svg"] = figure.SVG()
	}
	var err error
	all[tablesFile], err = f.Tables()
	return all, err
}

// lines are the servers in the order of the legend.
var lines = []struct {
	server, name string
	style        plot.Style
}{
	{rival.Weir, "Weir", plot.Orange},
	{rival.Stock, "nats-server", plot.Blue},
	{rival.Kernel, "bare server: the kernel's share", plot.Grey},
}

func (p panel) draw(sweep Sweep, s Series) plot.Panel {
	first := slices.IndexFunc(sweep.At, func(n int) bool { return n >= p.from })
	drawn := plot.Panel{
		Title: p.title,
		X:     plot.Axis{Label: p.x, Log: !p.linear},
		Y:     plot.Axis{Label: p.y, Log: !p.linear},
	}
	if p.sweep == Payload || p.sweep == DeflatePayload {
		drawn.X.Format = plot.Binary
	}
	for _, n := range sweep.At[first:] {
		drawn.X.Ticks = append(drawn.X.Ticks, float64(n))
	}
	for _, l := range lines {
		figures := s.Of(l.server)
		if len(figures) == 0 {
			continue
		}
		line := plot.Line{Name: l.name, Style: l.style}
		for i, v := range figures[first:] {
			line.Points = append(line.Points, plot.Point{X: drawn.X.Ticks[i], Y: v})
		}
		drawn.Lines = append(drawn.Lines, line)
	}
	return drawn
}

// Draw writes the pictures into a folder.
func (f File) Draw(folder string) error {
	all, err := f.Pictures()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, svg := range all {
		if err := os.WriteFile(filepath.Join(folder, name), svg, 0o644); err != nil {
			return err
		}
	}
	return nil
}
