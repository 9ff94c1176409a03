package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// documentedYAML decodes the blocks of YAML in a page of docs/, and the documents in them.
func documentedYAML[T any](t *testing.T, page string) (list []T) {
	t.Helper()
	rest := string(readFile(t, filepath.Join(repository, "docs", page)))
	for {
		var block string
		var found bool
		if _, rest, found = strings.Cut(rest, "```yaml\n"); !found {
			return list
		}
		block, rest, _ = strings.Cut(rest, "```")
		for decoder := yaml.NewDecoder(strings.NewReader(block)); ; {
			var v T
			err := decoder.Decode(&v)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("docs/%s: %v in\n%s", page, err, block)
			}
			list = append(list, v)
		}
	}
}

// manifest is what matters here of an object in Kubernetes.
type manifest struct {
	Kind string
	Spec struct {
		Replicas int
		Template struct {
			Spec struct {
				Grace      int            `yaml:"terminationGracePeriodSeconds"`
				Security   map[string]any `yaml:"securityContext"`
				Containers []struct {
					Env   []struct{ Name, Value string }
					Ports []struct {
						Number int `yaml:"containerPort"`
					}
					Startup   probe          `yaml:"startupProbe"`
					Liveness  probe          `yaml:"livenessProbe"`
					Readiness probe          `yaml:"readinessProbe"`
					Security  map[string]any `yaml:"securityContext"`
				}
			}
		}
	}
}

type probe struct {
	HTTP struct{ Path string } `yaml:"httpGet"`
}

// The manifests fit the image: its port, its user and its settings.
func TestManifests(t *testing.T) {
	objects := documentedYAML[manifest](t, "kubernetes.md")
	i := slices.IndexFunc(objects, func(m manifest) bool { return m.Kind == "StatefulSet" })
	if i < 0 || objects[i].Spec.Replicas != 1 || len(objects[i].Spec.Template.Spec.Containers) != 1 {
		t.Fatalf("there is no StatefulSet with one replica and one container: %+v", objects)
	}
	pod := objects[i].Spec.Template.Spec
	c := pod.Containers[0]
	wantStep(t, "EXPOSE", fmt.Sprint(c.Ports[0].Number))
	wantStep(t, "USER", fmt.Sprintf("%v:%v", pod.Security["runAsUser"], pod.Security["runAsGroup"]))
	if pod.Security["fsGroup"] != pod.Security["runAsGroup"] || pod.Security["runAsNonRoot"] != true || c.Security["readOnlyRootFilesystem"] != true {
		t.Errorf("%v, %v", pod.Security, c.Security)
	}
	if c.Startup.HTTP.Path != "/healthz" || c.Liveness.HTTP.Path != "/healthz" || c.Readiness.HTTP.Path != "/readyz" {
		t.Errorf("the probes are %+v, %+v, %+v", c.Startup, c.Liveness, c.Readiness)
	}
	if pod.Grace < 20 { // requests may take 15 seconds
		t.Errorf("a stop has only %d seconds", pod.Grace)
	}
	var env []string
	for _, e := range c.Env {
		env = append(env, e.Name+"="+e.Value)
	}
	wantSettings(t, env, "CARDEA_PUBLIC_URL", "CARDEA_TRUSTED_PROXIES")
}

// The file for compose has settings that exist, and trusts the proxy that it starts.
func TestCompose(t *testing.T) {
	files := documentedYAML[struct {
		Services map[string]struct {
			Environment map[string]string
			Volumes     []string
			Networks    yaml.Node
		}
	}](t, "container.md")
	if len(files) != 1 {
		t.Fatalf("%d blocks of YAML", len(files))
	}
	cardea := files[0].Services["cardea"]
	var env []string
	for name, value := range cardea.Environment {
		env = append(env, name+"="+value)
	}
	o := wantSettings(t, env, "CARDEA_PUBLIC_URL", "CARDEA_SMTP_PASSWORD_FILE")
	var networks map[string]map[string]string
	caddy := files[0].Services["caddy"].Networks
	if err := caddy.Decode(&networks); err != nil || len(o.TrustedProxies) != 1 || o.TrustedProxies[0].Addr().String() != networks["inner"]["ipv4_address"] {
		t.Errorf("%v: the settings trust %v, and Caddy is at %v", err, o.TrustedProxies, networks)
	}
	_, inside, _ := strings.Cut(cardea.Volumes[0], ":")
	wantStep(t, "VOLUME", inside)
}

// wantStep fails the test unless the Dockerfile has a line.
func wantStep(t *testing.T, name, rest string) {
	t.Helper()
	if steps := instructions(t); !slices.Contains(steps, [2]string{name, rest}) {
		t.Errorf("the Dockerfile has no %s %s: %s", name, rest, steps)
	}
}
