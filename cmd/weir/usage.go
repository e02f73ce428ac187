package main

import (
	"crypto/tls"
	"strings"
)

// usage lists the flags. NAME stands for the name of the program.
func usage(name string) string {
	return strings.ReplaceAll(usageText, "NAME", name)
}

const usageText = `
Usage: NAME [options]
       NAME bench <command> [options]    Put load on a NATS server, see NAME bench -h

Without any option: serves this machine only, with a console page, and says where.

Server:
    -a, --addr, --net <host>         Listen on this address (default: 0.0.0.0)
    -p, --port <port>                Listen for clients on this port, -1 for any (default: 4222)
    -n, --name,
        --server_name <name>         Name of this server (default: made up)
    -c, --config <file>              Read a configuration file; options override it
    -t                               Check the configuration file, then exit
    -m, --http_port <port>           Port for monitoring over HTTP
    -ms, --https_port <port>         Port for monitoring over HTTPS
    -P, --pid <file>                 Write the process id to a file
        --ports_file_dir <dir>       Write the ports in use to <dir>/<program>_<pid>.ports
        --client_advertise <host>    Address that clients are told, in place of our own
        --profile <port>             Port for profiles of this process over HTTP
    -sl, --signal <name>[=<pid>]     Signal a running server: reload, reopen, ldm, term, quit, stop
                                     <pid> is a process id or the path of a pid file

Logging:
    -l, --log <file>                 Log to a file, not to standard error
    -s, --syslog                     Log to the syslog of this machine
    -r, --remote_syslog <url>        Log to a syslog elsewhere, as in udp://localhost:514
    -T, --logtime                    Time on each line (default: true)
        --logtime_utc                Time in UTC (default: false)
        --log_size_limit <bytes>     Begin a new log file at this size
    -D, --debug                      Log more
    -V, --trace                      Log each protocol line
    -DV                              Both
    -VV, -DVV                        The same with the system account
        --max_traced_msg_len <n>     Show at most n bytes of a message in a trace

Authorization:
        --user <name>                User that clients must give
        --pass <password>            Password that clients must give
        --auth <token>               Token that clients must give

TLS:
        --tls                        Require TLS of clients
        --tlscert <file>             Certificate of this server
        --tlskey <file>              Key of the certificate
        --tlsverify                  Require certificates of clients too
        --tlscacert <file>           Authority that clients' certificates are checked against
        --help_tls                   More about TLS

Accepted, not supported yet:
    -js, --jetstream; -sd, --store_dir <dir>; --routes <urls>; --cluster, --cluster_listen <url>;
        --cluster_name <name>; --cluster_advertise <host>; --no_advertise; --connect_retries <n>

Other:
    -h, --help                       This text
    -v, --version                    Version
`

// usageTLS explains the tls block and lists the suites and curves of this build.
func usageTLS() string {
	var b strings.Builder
	b.WriteString(usageTLSText)
	b.WriteString("\nCipher suites:\n")
	for _, s := range tls.CipherSuites() {
		b.WriteString("    " + s.Name + "\n")
	}
	b.WriteString("\nCipher suites that are known to be weak:\n")
	for _, s := range tls.InsecureCipherSuites() {
		b.WriteString("    " + s.Name + "\n")
	}
	b.WriteString("\nCurves:\n")
	for _, c := range []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521} {
		b.WriteString("    " + c.String() + "\n")
	}
	return b.String()
}

const usageTLSText = `
TLS is set up in the tls block of the configuration file, and in that of the websocket block:

    tls {
        cert_file: "server-cert.pem"
        key_file:  "server-key.pem"
        # Ask clients for certificates, and check them:
        ca_file:   "ca.pem"
        verify:    true
        # Seconds that a handshake may take:
        timeout:   2
        # Ask their CAs whether they were revoked (OCSP):
        ocsp_peer: true
        # Restrict what is offered; best left out:
        cipher_suites:     [ "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" ]
        curve_preferences: [ "X25519" ]
    }

ocsp_peer may be a block with verify, ca_timeout, allowed_clockskew, cache_ttl_when_next_update_unset, warn_only,
unknown_is_good and allow_when_ca_unreachable. Beside the tls blocks, at the top of the file:

    # Keep what CAs answered in a folder, and over a restart; none keeps nothing:
    ocsp_cache { type: local, local_store: "_rc_", preserve_revoked: false, save_interval: 300 }
    # Which certificates of this server get a staple: auto, always, must or never:
    ocsp { mode: auto }
`
