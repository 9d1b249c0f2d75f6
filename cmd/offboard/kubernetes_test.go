package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The manifests of .release/kubernetes have command lines that offboard takes, and have what a person must
// look at not tried again. That Kubernetes takes them, make kubernetes tells.
func TestKubernetes(t *testing.T) {
	files, err := filepath.Glob("../../.release/kubernetes/*.yaml")
	if err != nil || len(files) != 2 {
		t.Fatalf("%v: error %v", files, err)
	}
	type job struct {
		Spec struct {
			PodFailurePolicy struct {
				Rules []struct {
					Action      string
					OnExitCodes struct{ Values []exitCode } `yaml:"onExitCodes"`
				}
			} `yaml:"podFailurePolicy"`
			Template struct {
				Spec struct{ Containers []struct{ Args []string } }
			}
		}
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		jobs := 0
		for documents := yaml.NewDecoder(f); ; {
			var node yaml.Node
			if err := documents.Decode(&node); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			var j job
			var scheduled struct {
				Spec struct {
					JobTemplate job `yaml:"jobTemplate"`
				}
			}
			var is struct{ Kind string }
			for _, to := range []any{&j, &scheduled, &is} {
				if err := node.Decode(to); err != nil {
					t.Fatalf("%s: %v", file, err)
				}
			}
			if is.Kind == "CronJob" {
				j = scheduled.Spec.JobTemplate
			} else if is.Kind != "Job" {
				continue
			}
			jobs++
			for _, container := range j.Spec.Template.Spec.Containers {
				if _, err := grammar(&cli{}, io.Discard, func(int) {}).Parse(container.Args); err != nil {
					t.Errorf("%s: %v: %v", file, container.Args, err)
				}
			}
			var fail []exitCode
			for _, rule := range j.Spec.PodFailurePolicy.Rules {
				if rule.Action == "FailJob" {
					fail = rule.OnExitCodes.Values
				}
			}
			if want := []exitCode{exitUsage, exitPartial, exitRefused, exitSignIn}; !slices.Equal(fail, want) {
				t.Errorf("%s: a Job fails by exit codes %v, want %v", file, fmt.Sprint(fail), want)
			}
		}
		if jobs != 1 {
			t.Errorf("%s: %d jobs", file, jobs)
		}
	}
}
