package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"weir/bench/growth"
	"weir/bench/load"
	"weir/bench/report"
	"weir/bench/rival"
)

// sweep is one workload at the sizes that package growth knows for its name.
type sweep struct {
	name    string
	patient bool
	unbare  bool
	// of gives the kind of workload, and sets how much there is of what it is about.
	of func(s *scale, n int) kind
}

// payloadReceivers is how many receivers a fan-out has where the size of the body is what grows.
const payloadReceivers = 100

func sweeps() []sweep {
	receivers := func(via load.Transport, size int) func(*scale, int) kind {
		return func(s *scale, n int) kind {
			s.receivers = n
			return fanout{via: via, size: size, burst: 1}
		}
	}
	payload := func(via load.Transport) func(*scale, int) kind {
		return func(s *scale, n int) kind {
			s.receivers = payloadReceivers
			return fanout{via: via, size: n, burst: 1}
		}
	}
	return []sweep{
		{name: growth.Connections, patient: true, of: func(s *scale, n int) kind { s.conns = n; return crowd{} }},
		{name: growth.Stored, patient: true, unbare: true, of: func(s *scale, n int) kind { s.subjects = n; return stored{} }},
		{name: growth.Receivers, of: receivers(load.WS, 128)},
		{name: growth.DeflateReceivers, of: receivers(load.Deflate, 1<<10)},
		{name: growth.Payload, of: payload(load.WS)},
		{name: growth.DeflatePayload, of: payload(load.Deflate)},
		{name: growth.Matching, unbare: true, of: func(s *scale, n int) kind { s.subjects = n; return matching{} }},
		{name: growth.Rate, of: func(s *scale, n int) kind { s.rate = n; return paced{} }},
	}
}

// workloads are the sweep's, one for each size.
func (w sweep) workloads() (all []workload) {
	for _, n := range growth.Sizes(w.name) {
		k := sized{of: func(s *scale) kind { return w.of(s, n) }, weighed: !w.patient}
		one := timed(fmt.Sprintf("%s %d", w.name, n), k)
		one.patient, one.unbare = w.patient, w.unbare
		all = append(all, one)
	}
	return all
}

// sized is a kind of workload at a size of its own.
type sized struct {
	of      func(s *scale) kind
	weighed bool // the memory of the whole process is a measure, too
}

func (k sized) transport() load.Transport { return k.of(new(scale)).transport() }

func (k sized) files(s scale) int {
	of := k.of(&s)
	return of.files(s)
}

func (k sized) open(p *rival.Process, s scale) (session, error) {
	of := k.of(&s)
	open, err := of.open(p, s)
	if err != nil || !k.weighed {
		return open, err
	}
	return weighed{open, p}, nil
}

type weighed struct {
	session
	p *rival.Process
}

func (w weighed) turn(d time.Duration) ([]measure, error) {
	measures, err := w.session.turn(d)
	if err != nil {
		return nil, err
	}
	n, err := w.p.Memory()
	return append(measures, mebibytes(n)), err
}

// measureGrowth measures the chosen sweeps and puts them into the file.
func measureGrowth(s settings, b *bout) error {
	file, err := growth.Read(s.growth)
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(sweeps(), func(w sweep) bool { return !s.only.MatchString(w.name) })
	for _, w := range chosen {
		if err := b.allow(w.workloads()); err != nil {
			return err
		}
	}
	r := b.run()
	b.printHead(r)
	waited, err := b.patientSweeps(chosen)
	if err != nil {
		return err
	}
	for _, w := range chosen {
		measured, err := b.sweep(w, waited, r)
		if err == nil {
			err = file.Put(measured, r.Machine)
		}
		if err == nil {
			err = file.Write(s.growth) // after each: what is measured is not lost
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sweep measures at all sizes, unless it has waited already.
func (b *bout) sweep(w sweep, waited map[string]turns, r report.Run) (growth.Sweep, error) {
	of := growth.Sweep{Name: w.name, Day: r.Day, How: r.How, Servers: r.Servers}
	for i, one := range w.workloads() {
		all, done := waited[one.name]
		if !done {
			var err error
			if all, err = b.timed(one); err != nil {
				return of, err
			}
		}
		rows := report.Compare(one.name, nil, all)
		for _, row := range rows {
			report.PrintRow(os.Stdout, row)
		}
		of.Add(growth.Sizes(w.name)[i], rows)
	}
	return of, nil
}

// patientSweeps runs all sweeps that wait at the same time, and gives the turns by the name of the workload.
func (b *bout) patientSweeps(chosen []sweep) (map[string]turns, error) {
	var all []workload
	for _, w := range chosen {
		if w.patient {
			all = append(all, w.workloads()...)
		}
	}
	measured, err := b.patient(all)
	if err != nil {
		return nil, err
	}
	byName := map[string]turns{}
	for i, w := range all {
		byName[w.name] = measured[i]
	}
	return byName, nil
}

// drawGrowth makes the plots of a file.
func drawGrowth(s settings) error {
	file, err := growth.Read(s.growth)
	if err != nil {
		return err
	}
	return file.Draw(s.plots)
}
