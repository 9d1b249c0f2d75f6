// Command check decodes the manifests that it is given strictly into the types of Kubernetes: a key that
// Kubernetes does not know, or that stands there twice, is an error.
package main

import (
	"fmt"
	"os"
	"strings"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	failed := false
	for _, path := range os.Args[1:] {
		text, err := os.ReadFile(path)
		for _, document := range strings.Split(string(text), "\n---\n") {
			if err == nil {
				err = decode([]byte(document))
			}
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			failed = true
		}
	}
	if failed || len(os.Args) == 1 {
		os.Exit(1)
	}
}

func decode(document []byte) error {
	var is meta.TypeMeta
	if err := yaml.Unmarshal(document, &is); err != nil {
		return err
	}
	kinds := map[string]any{"batch/v1 CronJob": &batch.CronJob{}, "batch/v1 Job": &batch.Job{}, "v1 PersistentVolumeClaim": &core.PersistentVolumeClaim{}}
	kind := is.APIVersion + " " + is.Kind
	if kinds[kind] == nil {
		return fmt.Errorf("%s is not known here", kind)
	}
	if err := yaml.UnmarshalStrict(document, kinds[kind]); err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	return nil
}
