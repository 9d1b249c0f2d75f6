package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// What a server sends unasked on a connection that nobody uses is not printed, whatever the
// standard library would make of it.
func TestUnaskedAnswersAreNotPrinted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					// In two packets, so that the second one meets a connection that is idle.
					_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
					_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX-Unasked: unasked-secret\r\nContent-Length: 0\r\n\r\n")
				}
			}()
		}
	}()
	cmd := exec.Command("offboard", "doctor", "--user", "ada@contoso.com", "--graph-url", "http://"+l.Addr().String()+"/v1.0", "--journal", t.TempDir()+"/j.db")
	cmd.Env = append(cmd.Environ(), "OFFBOARD_ACCESS_TOKEN=x")
	out, _ := cmd.CombinedOutput() // whatever it makes of the answers
	if text := string(out); strings.Contains(text, "unasked") || strings.Contains(text, "Unsolicited") || !strings.Contains(text, "ada@contoso.com") && !strings.Contains(text, "graph") {
		t.Errorf("offboard printed %s", text)
	}
}
