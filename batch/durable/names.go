package durable

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unicode"
)

// IsPath reports whether a text can be shown as the path of a file. What was to stand in the
// file is often put in the place of its name: a text with line breaks, one too long for a
// name, and one that leads to no file and no directory may be a secret.
func IsPath(text string) bool {
	if len(text) > 4096 || strings.ContainsFunc(text, unicode.IsControl) || strings.Contains(text, "-----BEGIN") || len(filepath.Base(text)) > 255 {
		return false
	}
	if _, err := os.Stat(text); err == nil {
		return true
	}
	dir := filepath.Dir(text)
	if strings.HasPrefix(filepath.Base(text), "eyJ") || dir == "." && !strings.HasPrefix(text, ".") || dir == filepath.Dir(dir) && dir != "." {
		return false // a token, or a name with no directory that would show it to be one
	}
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

// Quoted is a path as a shell of this system takes it.
func Quoted(path string) string {
	if runtime.GOOS == "windows" {
		return `"` + path + `"`
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
