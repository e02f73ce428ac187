package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var figure = Figure{
	Title:   "a < b & c",
	Caption: []string{"measured", "somewhere"},
	Panels: []Panel{
		{
			Title: "log", X: Axis{Label: "n", Log: true, Ticks: []float64{1, 10, 1000}}, Y: Axis{Label: "µs", Log: true},
			Lines: []Line{
				{"one", Orange, []Point{{1, 5}, {10, 0}, {1000, 500}}},
				{"two", Grey, []Point{{1, 1}, {10, 2}, {1000, 3}}},
			},
		},
		{Title: "linear", Lines: []Line{{"one", Orange, []Point{{0, 0}, {3, 7}}}, {"three", Blue, []Point{{1, 2}}}}},
		{Title: "empty", X: Axis{Log: true}},
	},
}

// elements gives the elements of a picture by their names, with their attributes; text is under "".
func elements(t *testing.T, svg []byte) map[string][]map[string]string {
	t.Helper()
	all := map[string][]map[string]string{}
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		switch e := token.(type) {
		case xml.StartElement:
			attributes := map[string]string{}
			for _, a := range e.Attr {
				attributes[a.Name.Local] = a.Value
			}
			all[e.Name.Local] = append(all[e.Name.Local], attributes)
		case xml.CharData:
			all[""] = append(all[""], map[string]string{"text": string(e)})
		}
	}
}

func TestFigureHasAllItsParts(t *testing.T) {
	all := elements(t, figure.SVG())
	var texts []string
	for _, e := range all[""] {
		texts = append(texts, e["text"])
	}
	for text, times := range map[string]int{"a < b & c": 2, "measured": 1, "somewhere": 1, "one": 1, "two": 1, "three": 1, "µs": 1, "n": 1, "log": 1, "linear": 1, "1k": 1} {
		if got := slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return s != text }); len(got) != times {
			t.Errorf("%q is there %d times, want %d", text, len(got), times)
		}
	}
	// Marks: a point each, but for one that a logarithmic axis can not show; and one in the legend for each name.
	if got := len(all["circle"]); got != 2+2+1 {
		t.Errorf("%d circles", got)
	}
	if got := len(all["rect"]); got != 1+1 {
		t.Errorf("%d squares", got)
	}
	if got := len(all["polyline"]); got != 4+3 {
		t.Errorf("%d lines", got)
	}
}

func TestPointsAreInsideTheirPanel(t *testing.T) {
	for _, e := range elements(t, figure.SVG())["polyline"] {
		for _, point := range strings.Fields(e["points"]) {
			left, top, _ := strings.Cut(point, ",")
			x, errX := strconv.ParseFloat(left, 64)
			y, errY := strconv.ParseFloat(top, 64)
			if errX != nil || errY != nil {
				t.Fatalf("point %q", point)
			}
			if x < marginLeft || x > panelWidth || y < marginTop || y > panelHeight-marginBottom {
				t.Errorf("a point at %s", point)
			}
		}
	}
}

func TestSameInputSameBytes(t *testing.T) {
	if !bytes.Equal(figure.SVG(), figure.SVG()) {
		t.Error("two pictures of the same figure differ")
	}
}
