package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

var token string

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(file string) []byte {
	data, err := os.ReadFile(file)
	must(err)
	return data
}

func ask(expected int, path string, body []byte) map[string]any {
	method := "GET"
	if body != nil {
		method = "POST"
	}
	request, err := http.NewRequest(method, os.Getenv("CASAVI_URL")+path, bytes.NewReader(body))
	must(err)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("token", token)
	}
	answer, err := http.DefaultClient.Do(request)
	must(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(err)
	if answer.StatusCode != expected {
		must(fmt.Errorf("%s: %d %s", path, answer.StatusCode, text))
	}
	var found map[string]any
	must(json.Unmarshal(text, &found))
	return found
}

func imported(file string, end string) {
	job := ask(202, "/import", read(file))["jobId"].(string)
	for poll := 0; ask(200, "/jobs/"+job, nil)["status"] != end; poll++ {
		if poll > 20 {
			must(fmt.Errorf("the job does not end"))
		}
	}
}

func main() {
	token = ask(200, "/authenticate", read("log-in.json"))["token"].(string)
	imported("umlauts.json", "completed")
	for _, id := range strings.Split(string(read("ids.txt")), "\n") {
		if contact := ask(200, "/contacts/"+url.PathEscape(id), nil); contact["id"] != id {
			must(fmt.Errorf("%v is not %s", contact["id"], id))
		}
	}
	old := bytes.ReplaceAll(read("refresh.json"), []byte("OLD-TOKEN"), []byte(token))
	token = ask(200, "/refresh", old)["token"].(string)
	imported("refused.json", "completed")
	imported("hundred.json", "completed")
}
