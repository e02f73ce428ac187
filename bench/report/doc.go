// Package report makes a table of what bench has measured: medians of the turns of each server, and ratios.
//
// A ratio is the median of the ratios turn by turn, and not the ratio of the medians: the turns are paired, and each pair
// found the machine in much the same state. The same table comes as text, row by row while a run goes on, as JSON with all
// turns, and as Markdown between two marks of a page.
//
// What it is not: it runs nothing, and knows servers by their names only.
package report
