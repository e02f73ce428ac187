package plot

import (
	"bytes"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// Figure is one picture.
type Figure struct {
	Title   string
	Caption []string // lines
	Panels  []Panel
}

// Panel is one plot.
type Panel struct {
	Title string
	X, Y  Axis
	Lines []Line
}

// Line is what one legend entry is about. Lines of the same name have the same style in all panels.
type Line struct {
	Name   string
	Style  Style
	Points []Point
}

// Point is in the units of the axes.
type Point struct{ X, Y float64 }

// Style is a colour with a mark and a dash.
type Style int

const (
	Orange Style = iota // circles
	Blue                // squares
	Grey                // triangles, dashed
)

// ink is the colour of text and axes.
const ink = "#737980"

var (
	colours = [...]string{Orange: "#d06a10", Blue: "#3f80e0", Grey: ink}
	dashes  = [...]string{Orange: "", Blue: "", Grey: ` stroke-dasharray="6 4"`}
)

// Sizes in pixels.
const (
	columns     = 2
	widest      = 7 // of a letter, as a rule
	panelWidth  = 430
	panelHeight = 300
	headHeight  = 66
	footHeight  = 44
	captionLine = 15

	marginLeft   = 66
	marginRight  = 18
	marginTop    = 34
	marginBottom = 50
	axisLabel    = 20 // of the upright one, from the left
)

// SVG gives the picture.
func (f Figure) SVG() []byte {
	var out bytes.Buffer
	rows := (len(f.Panels) + columns - 1) / columns
	width, height := columns*panelWidth, headHeight+rows*panelHeight+footHeight
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" font-family="system-ui, sans-serif" font-size="12" fill="%s">`+"\n",
		width, height, width, height, ink)
	fmt.Fprintf(&out, "<title>%s</title>\n", html.EscapeString(f.Title))
	text(&out, marginLeft, 26, `font-size="17" font-weight="600"`, f.Title)
	f.legend(&out)
	for i, p := range f.Panels {
		fmt.Fprintf(&out, `<g transform="translate(%d %d)">`+"\n", i%columns*panelWidth, headHeight+i/columns*panelHeight)
		p.draw(&out)
		out.WriteString("</g>\n")
	}
	for i, line := range f.Caption {
		text(&out, marginLeft, float64(height-footHeight+(i+1)*captionLine), `font-size="11"`, line)
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}

// legend names every line once.
func (f Figure) legend(out *bytes.Buffer) {
	seen := map[string]bool{}
	x := float64(marginLeft)
	for _, p := range f.Panels {
		for _, l := range p.Lines {
			if seen[l.Name] {
				continue
			}
			seen[l.Name] = true
			const y, sample, gap = 50, 34, 6
			path(out, l.Style, []Point{{x, y}, {x + sample, y}})
			mark(out, l.Style, Point{x + sample/2, y})
			text(out, x+sample+gap, y+4, "", l.Name)
			x += sample + gap + widest*float64(utf8.RuneCountInString(l.Name)) + 4*gap
		}
	}
}

func (p Panel) draw(out *bytes.Buffer) {
	x := p.X.scale(p.values(func(q Point) float64 { return q.X }), marginLeft, panelWidth-marginRight)
	y := p.Y.scale(p.values(func(q Point) float64 { return q.Y }), panelHeight-marginBottom, marginTop)
	text(out, marginLeft, 20, `font-size="13" font-weight="600"`, p.Title)
	x.grid(out, y.from, y.to, func(v, a, b float64) (Point, Point) { return Point{v, a}, Point{v, b} })
	y.grid(out, x.from, x.to, func(v, a, b float64) (Point, Point) { return Point{a, v}, Point{b, v} })
	end := -1e9 // of the last label
	for _, t := range x.ticks {
		label := p.X.format(t)
		half := widest / 2 * float64(len(label))
		if at := x.at(t); at-half > end {
			text(out, at, panelHeight-marginBottom+18, `text-anchor="middle"`, label)
			end = at + half + widest
		}
	}
	for _, t := range y.ticks {
		text(out, marginLeft-7, y.at(t)+4, `text-anchor="end"`, p.Y.format(t))
	}
	text(out, (x.from+x.to)/2, panelHeight-marginBottom+38, `text-anchor="middle"`, p.X.Label)
	middle := (y.from + y.to) / 2
	text(out, axisLabel, middle, fmt.Sprintf(`text-anchor="middle" transform="rotate(-90 %d %s)"`, axisLabel, number(middle)), p.Y.Label)
	for _, l := range p.Lines {
		points := l.placed(x, y)
		path(out, l.Style, points)
		for _, q := range points {
			mark(out, l.Style, q)
		}
	}
}

// values are those that can be drawn.
func (p Panel) values(of func(Point) float64) (all []float64) {
	for _, l := range p.Lines {
		for _, q := range l.Points {
			if p.X.shows(q.X) && p.Y.shows(q.Y) {
				all = append(all, of(q))
			}
		}
	}
	return all
}

// placed are the points of a line in pixels, those left out that a logarithmic axis can not show.
func (l Line) placed(x, y scale) (points []Point) {
	for _, q := range l.Points {
		if x.shows(q.X) && y.shows(q.Y) {
			points = append(points, Point{x.at(q.X), y.at(q.Y)})
		}
	}
	return points
}

func text(out *bytes.Buffer, x, y float64, attributes, s string) {
	if attributes != "" {
		attributes = " " + attributes
	}
	fmt.Fprintf(out, `<text x="%s" y="%s"%s>%s</text>`+"\n", number(x), number(y), attributes, html.EscapeString(s))
}

func path(out *bytes.Buffer, s Style, points []Point) {
	var at []string
	for _, q := range points {
		at = append(at, number(q.X)+","+number(q.Y))
	}
	fmt.Fprintf(out, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"%s/>`+"\n", strings.Join(at, " "), colours[s], dashes[s])
}

func mark(out *bytes.Buffer, s Style, q Point) {
	x, y := q.X, q.Y
	switch s {
	case Orange:
		fmt.Fprintf(out, `<circle cx="%s" cy="%s" r="4" fill="%s"/>`+"\n", number(x), number(y), colours[s])
	case Blue:
		fmt.Fprintf(out, `<rect x="%s" y="%s" width="7" height="7" fill="%s"/>`+"\n", number(x-3.5), number(y-3.5), colours[s])
	default:
		fmt.Fprintf(out, `<path d="M%s %sl4.5 8h-9z" fill="%s"/>`+"\n", number(x), number(y-5), colours[s])
	}
}
