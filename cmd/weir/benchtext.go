package main

// benchText lists the commands and flags of bench. NAME stands for the name of the program.
const benchText = `
Usage: NAME bench <command> [options] [subject]

Puts load on a NATS server and says what came of it. Ctrl-C ends it early, with what was measured so far.

Commands:
    pub                              Publish, as fast as the server reads
    sub                              Count what others publish
    request                          Ask and be answered
    fanout                           Publish to many subscribers, all of whom get everything
    idle                             Keep connections that say nothing

Server:
    -s, --server <url>               nats://, tls://, ws:// or wss:// (default: nats://127.0.0.1:4222)
        --user, --password <text>    Who comes in; or as in nats://user:password@host
        --token <text>
        --creds <file>               The same, by a file of a user's JWT and key
        --nkey <file>                The same, by a file of a user's key
        --tls-ca <file>              Check the server's certificate against this
        --tls-insecure               Do not check the server's certificate
        --tls-first                  TLS before anything else, with nats:// and tls://
        --compress                   Ask for permessage-deflate, with ws:// and wss://
        --timeout <time>             How long a connection or an answer may take (default: 10s)

Load:
        --clients <n>[,<n>...]       Connections of pub, sub, request (default: 1) and idle (default: 1000); several
                                     numbers make several runs. Of fanout, publishers (default: 1)
        --subs <n>[,<n>...]          Subscribers of fanout (default: 100)
        --responders <n>             Built-in responders of request, 0 if there are others (default: 1)
        --msgs <n>                   Messages of all clients together, for sub of each client
                                     (pub, sub: 100000; request, fanout: 10000; without limit with --duration)
        --size <bytes>               Size of a message, as in 128, 16k, 1m (default: 128)
        --subject <subject>          Subject, also as last argument (default: bench)
        --duration <time>            End after this time, as in 10s (idle: 30s)
        --rate <n>                   Messages per second of all clients together; connections per second of idle
        --window <n>                 Messages of fanout that may be on their way (default: 16)

Output:
        --json                       One JSON document to standard output
        --no-progress                Do not tell how far it is on standard error
    -h, --help                       This text

Latencies begin when a message was due. Setup is the time that a connection takes up to the answer to its login, with
64 of them under way. Stream/msg is what the connections carry for a message, before TLS, with all protocols.
`
