package main

import (
	"encoding/json"
	"net/http"
	"os"
)

// The aggregated API that the probe answers for: APIService v1alpha1.probe.hardway.example.
const (
	group      = "probe.hardway.example"
	apiVersion = "v1alpha1"
)

// denyLabel on an object, set to "yes", makes the webhook deny it.
const denyLabel = "hardway.example/deny"

// review is what the probe reads and writes of admission.k8s.io/v1 AdmissionReview.
type review struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    *request  `json:"request,omitempty"`
	Response   *response `json:"response,omitempty"`
}

type request struct {
	UID    string `json:"uid"`
	Object struct {
		Metadata struct {
			Labels map[string]string `json:"labels"`
		} `json:"metadata"`
	} `json:"object"`
}

type response struct {
	UID     string  `json:"uid"`
	Allowed bool    `json:"allowed"`
	Status  *status `json:"status,omitempty"`
}

type status struct {
	Message string `json:"message"`
	Code    int    `json:"code"`
}

func answerReview(w http.ResponseWriter, r *http.Request) {
	var asked review
	body := http.MaxBytesReader(w, r.Body, 8*bodyLimit)
	if err := json.NewDecoder(body).Decode(&asked); err != nil || asked.Request == nil {
		http.Error(w, "no AdmissionReview with a request", http.StatusBadRequest)
		return
	}
	answer := &response{UID: asked.Request.UID, Allowed: true}
	if asked.Request.Object.Metadata.Labels[denyLabel] == "yes" {
		answer.Allowed = false
		answer.Status = &status{Message: "denied by the probe webhook", Code: http.StatusForbidden}
	}
	writeJSON(w, review{APIVersion: asked.APIVersion, Kind: "AdmissionReview", Response: answer})
}

func answerResources(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]any{
		"kind":         "APIResourceList",
		"apiVersion":   "v1",
		"groupVersion": group + "/" + apiVersion,
		"resources": []map[string]any{{
			"name": "hostnames", "singularName": "hostname", "namespaced": false,
			"kind": "Hostname", "verbs": []string{"list"},
		}},
	})
}

func answerHostnames(w http.ResponseWriter, _ *http.Request) {
	name, err := os.Hostname()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	kind := map[string]any{"kind": "Hostname", "apiVersion": group + "/" + apiVersion}
	writeJSON(w, map[string]any{
		"kind":       "HostnameList",
		"apiVersion": kind["apiVersion"],
		"metadata":   map[string]any{},
		"items": []map[string]any{{
			"kind": kind["kind"], "apiVersion": kind["apiVersion"], "metadata": map[string]any{"name": name},
		}},
	})
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
