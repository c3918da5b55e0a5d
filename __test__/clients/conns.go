// Command conns is an echo client on net.
//
// conns HOST PORT CONNECTIONS BYTES: so many connections at once, on each so many random bytes, sent in random pieces by
// write(2) and writev(2) while another goroutine reads; it half-closes, reads up to the end, and compares. Ends with status 1
// and a line for each connection that failed.
package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"strconv"
)

// send sends all bytes and then the end.
func send(conn *net.TCPConn, rest []byte, dice *rand.Rand) error {
	for len(rest) > 0 {
		var pieces net.Buffers
		for count := 1 + dice.Intn(4); count > 0; count-- {
			length := dice.Intn(20_000)
			if length > len(rest) {
				length = len(rest)
			}
			pieces = append(pieces, rest[:length])
			rest = rest[length:]
		}
		if _, err := pieces.WriteTo(conn); err != nil {
			return err
		}
	}
	return conn.CloseWrite()
}

func talk(address string, size int, seed int64) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	dice := rand.New(rand.NewSource(seed))
	sent := make([]byte, size)
	dice.Read(sent)
	outcome := make(chan error, 1)
	go func() { outcome <- send(conn.(*net.TCPConn), sent, dice) }()
	received, err := io.ReadAll(conn)
	if err != nil {
		return fmt.Errorf("%w after %d bytes", err, len(received))
	}
	if !bytes.Equal(received, sent) {
		place := 0
		for place < len(sent) && place < len(received) && sent[place] == received[place] {
			place++
		}
		return fmt.Errorf("%d bytes sent, %d received, alike up to %d", len(sent), len(received), place)
	}
	return <-outcome
}

func main() {
	address := net.JoinHostPort(os.Args[1], os.Args[2])
	connections, _ := strconv.Atoi(os.Args[3])
	size, _ := strconv.Atoi(os.Args[4])
	failures := make(chan error)
	for number := 0; number < connections; number++ {
		go func(seed int64) { failures <- talk(address, size, seed) }(int64(number))
	}
	status := 0
	for ; connections > 0; connections-- {
		if err := <-failures; err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}
