package main

// ingest is one publisher whose messages nobody wants, each in a frame of its own, written in chunks of about 256 KiB with
// a PING behind.
type ingest struct {
	via  transport
	size int
}

const chunkSize = 256 << 10

func (w ingest) run(p *process, s scale) ([]measure, error) {
	buf := make([]byte, readSize)
	publisher, err := connect(p, w.via, "", 0, buf)
	if err != nil {
		return nil, err
	}
	defer publisher.close()
	bodies := noise(variants, w.size)
	var chunk []byte
	n := 0
	for ; len(chunk) < chunkSize; n++ {
		chunk = publisher.append(chunk, appendPub(nil, "nobody.listens", "", bodies[n%variants]))
	}
	chunk = publisher.append(chunk, []byte("PING\r\n"))
	cpu, err := clocked(p, s, "message", func() (int, error) {
		if err := publisher.sendRaw(chunk); err != nil {
			return 0, err
		}
		return n, publisher.await(&publisher.ops.pongs, publisher.ops.pongs+1, buf)
	})
	return []measure{cpu}, err
}
