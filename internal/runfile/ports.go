package runfile

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// Ports lists the URLs under which each service of a server can be reached. It is the content of the ports file, by
// which programs that start a server on random ports learn them.
type Ports struct {
	Nats       []string `json:"nats,omitempty"`
	Monitoring []string `json:"monitoring,omitempty"`
	Cluster    []string `json:"cluster,omitempty"`
	Profile    []string `json:"profile,omitempty"`
	WebSocket  []string `json:"websocket,omitempty"`
}

// URLs returns scheme://host:port for a listener's address; for one that listens on all interfaces, a URL for
// each address of each of them, in the order of the system, so that the loopback usually comes first.
func URLs(scheme string, addr net.Addr) []string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return nil
	}
	if len(tcp.IP) != 0 && !tcp.IP.IsUnspecified() {
		return []string{urlOf(scheme, tcp.IP, tcp.Port)}
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var urls []string
	for _, a := range addrs {
		switch a := a.(type) {
		case *net.IPNet:
			urls = append(urls, urlOf(scheme, a.IP, tcp.Port))
		case *net.IPAddr:
			urls = append(urls, urlOf(scheme, a.IP, tcp.Port))
		}
	}
	return urls
}

func urlOf(scheme string, ip net.IP, port int) string {
	return scheme + "://" + net.JoinHostPort(ip.String(), strconv.Itoa(port))
}

// WritePorts writes p as JSON to a file in dir that is named after the program as it was started and its process
// id, as in nats-server_123.ports, and returns its path. The file appears with its content: readers poll for it.
func WritePorts(dir string, p Ports) (path string, err error) {
	text, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s_%d.ports", filepath.Base(os.Args[0]), os.Getpid())
	path = filepath.Join(dir, name)
	if err := writeWhole(path, filepath.Join(dir, "."+name+".tmp"), text); err != nil {
		return "", fmt.Errorf("could not write ports file: %w", err)
	}
	return path, nil
}

// writeWhole writes text to the file tmp, which must not exist when it is opened, and gives it its name.
func writeWhole(path, tmp string, text []byte) (err error) {
	os.Remove(tmp) // of a process with our id that was killed
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp)
		}
	}()
	_, err = f.Write(text)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// RemovePorts removes the file that WritePorts wrote; one that is gone already is no error.
func RemovePorts(path string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("could not remove ports file: %w", err)
	}
	return nil
}
