package durable

import (
	"fmt"
	"io"
	"runtime"
)

// MostSecret is how many bytes a secret may have.
const MostSecret = 64 << 10

// ReadSecret reads a file that not everybody may read. The group may: that is how systemd
// and Kubernetes give a service its secrets. No error has any of the text.
func ReadSecret(name string) (string, error) {
	f, err := Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o007 != 0 && runtime.GOOS != "windows" {
		return "", fmt.Errorf("everybody on this machine can read %s, and it holds a secret: chmod o= %s", name, Quoted(name))
	}
	text, err := io.ReadAll(io.LimitReader(f, MostSecret+1))
	if err == nil && len(text) > MostSecret {
		return "", fmt.Errorf("%s has more than %d bytes, which is no secret", name, MostSecret)
	}
	return string(text), err
}
