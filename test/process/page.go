package process

import (
	"encoding/json"
	"net/http"
	"testing"
)

// Page fills into from the JSON of a monitoring page, such as "/connz?subs=1".
func (s *Server) Page(t testing.TB, path string, into any) {
	t.Helper()
	client := http.Client{Timeout: Patience}
	response, err := client.Get("http://" + s.Monitor + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s %s is %s, %s", s.Target, path, response.Status, response.Header.Get("Content-Type"))
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatalf("%s %s: %v", s.Target, path, err)
	}
}

// Connection is a row of /connz.
type Connection struct {
	CID    uint64 `json:"cid"`
	IP     string `json:"ip"`
	Port   int    `json:"port"`
	Reason string `json:"reason"`
	User   string `json:"authorized_user"`
}

// Connections is the rows of /connz for a query, such as "state=closed".
func (s *Server) Connections(t testing.TB, query string) []Connection {
	t.Helper()
	var page struct {
		Connections []Connection `json:"connections"`
	}
	s.Page(t, "/connz?"+query, &page)
	return page.Connections
}
