// Go's own conformance test for connections, through a relay.
package relaytest

import (
	"net"
	"os"
	"testing"

	"golang.org/x/net/nettest"
)

// TestRelay makes each pair of connections through the relay at $RELAY, which leads to $TARGET.
func TestRelay(t *testing.T) {
	target, err := net.Listen("tcp", os.Getenv("TARGET"))
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		client, err := net.Dial("tcp", os.Getenv("RELAY"))
		if err != nil {
			return nil, nil, nil, err
		}
		server, err := target.Accept()
		if err != nil {
			client.Close()
			return nil, nil, nil, err
		}
		return client, server, func() { client.Close(); server.Close() }, nil
	})
}
