package client

import (
	"fmt"

	"weir/internal/admission"
	"weir/internal/conn"
)

func (c *Client) proxies() *admission.ProxyProtocol {
	if c.env.ProxyProtocol == nil {
		return nil
	}
	return c.env.ProxyProtocol()
}

// meet reads the PROXY header that may come before all else. It reports false after it has ended the connection: of a peer
// whose header is wrong, and, as in nats-server, of one that sends nothing at all in time.
func (c *Client) meet(proxies *admission.ProxyProtocol) bool {
	err := c.Link.ReadProxyHeader(proxies)
	if err == nil {
		return true
	}
	c.Log().Warn(fmt.Sprintf("Error reading PROXY protocol header from %s: %v", c.Link.PeerName(), err))
	c.Close(conn.ProtocolViolation, "")
	c.env.Registry.Add(&c.Conn) // for those who look for closed connections
	c.Run()
	return false
}
