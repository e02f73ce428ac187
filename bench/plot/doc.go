// Package plot draws small line plots as SVG: panels side by side with axes, ticks, units and one legend.
//
// The pictures are text and the same input gives the same bytes, so that they can be committed and compared. They have no
// background of their own; the colours stand out on white and on nearly black (colours_test.go measures that), and lines also
// differ in their marks and dashes.
//
// What it is not: a library for every plot. There are lines, a linear axis from zero and a logarithmic one, and nothing else.
package plot
