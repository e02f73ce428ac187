package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"weir/ws"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9001", "the `address` to listen on; port 0 takes a free one")
	flag.Parse()

	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ws://%s\n", l.Addr())
	policy := &ws.UpgradePolicy{Compression: true, Deflate: ws.DeflatePolicy{ContextTakeover: true}}
	s := &http.Server{Handler: upgrader(policy), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(s.Serve(l))
}

// upgrader turns each request into a connection, and serves it.
func upgrader(policy *ws.UpgradePolicy) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		up, refusal := ws.CheckUpgrade(r, policy)
		if refusal != nil {
			refusal.Refuse(w)
			return
		}
		nc, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			ws.ErrHijack.Refuse(w)
			return
		}
		defer nc.Close()
		if _, err := nc.Write(up.AppendResponse(nil)); err != nil {
			return
		}
		newConn(nc, rw.Reader, up, policy.Deflate).serve()
	}
}
