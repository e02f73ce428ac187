package client

import (
	"context"
	"fmt"

	"weir/internal/logline"
	"weir/internal/proto"
)

// traceIn logs an operation of the client. Secrets of CONNECT are not shown.
func (c *Client) traceIn(a *proto.Args) {
	line := string(a.Line)
	if a.Op == proto.OpConnect {
		line = string(proto.AppendRedacted(nil, a.Line))
	}
	if line != "" {
		line = " " + line
	}
	c.trace(fmt.Sprintf("<<- [%s%s]", a.Op, line))
	if a.Op != proto.OpPub && a.Op != proto.OpHPub || len(a.Body) == 0 {
		return
	}
	body, more := a.Body, ""
	if most := c.env.Config().MaxTracedLen; most > 0 && len(body) > most {
		body, more = body[:most], "..."
	}
	quoted := fmt.Sprintf("%q", body)
	c.trace(fmt.Sprintf("<<- MSG_PAYLOAD: [%s%s\"]", quoted[:len(quoted)-1], more))
}

// traceOut logs a protocol line for the client.
func (c *Client) traceOut(line []byte) {
	if c.Log().Enabled(context.Background(), logline.LevelTrace) && len(line) > 2 {
		c.trace(fmt.Sprintf("->> [%s]", line[:len(line)-2]))
	}
}

func (c *Client) trace(text string) {
	c.Log().Log(context.Background(), logline.LevelTrace, text, "conn", c.Name())
}
