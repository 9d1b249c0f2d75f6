package durable

import (
	"crypto/rand"
	"os"
	"path/filepath"
)

// deleteOnClose is FILE_FLAG_DELETE_ON_CLOSE: Windows deletes the file when its last
// handle is closed, also by the end of a process that was killed.
const deleteOnClose = 0x04000000

// newSpool makes a temporary file that Windows deletes with its handle.
func newSpool() (*os.File, error) {
	name := filepath.Join(os.TempDir(), "offboard-"+rand.Text())
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|deleteOnClose, 0o600)
}
