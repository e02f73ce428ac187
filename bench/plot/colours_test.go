package plot

import (
	"fmt"
	"math"
	"testing"
)

// The pages that a picture may stand on: white, and the dark of code forges.
var pages = []string{"#ffffff", "#0d1117"}

// WCAG 2.1 §1.4.11 wants a contrast of 3 for what is drawn. Text and axes, which are thin, have 4.
func TestColoursStandOutOnLightAndDark(t *testing.T) {
	want := map[string]float64{ink: 4}
	for _, c := range colours {
		want[c] = max(want[c], 3)
	}
	for colour, least := range want {
		for _, page := range pages {
			if got := contrast(t, colour, page); got < least {
				t.Errorf("%s on %s has a contrast of %.2f, want %v", colour, page, got, least)
			}
		}
	}
}

func TestContrast(t *testing.T) {
	if got := contrast(t, "#000000", "#ffffff"); math.Abs(got-21) > 0.01 {
		t.Errorf("black on white: %.2f, want 21", got)
	}
}

// contrast is that of WCAG 2.1.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var parts [3]uint8
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &parts[0], &parts[1], &parts[2]); err != nil {
		t.Fatalf("%s: %v", colour, err)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := float64(parts[i]) / 255
		if v <= 0.03928 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
