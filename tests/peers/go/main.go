// Asks http.CrossOriginProtection of Go about each row of the table in docs/cross-site-requests.md, and compares the
// answers with the column of Go. The rows are in tests/data/protections.json, which is the argument.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
)

type row struct {
	Situation string
	Method    string
	Headers   [][2]string
	Go        bool
}

// request reads the row as the server of Go reads it.
func (row row) request() (*http.Request, error) {
	lines := []string{row.Method + " / HTTP/1.1"}
	for _, header := range row.Headers {
		lines = append(lines, header[0]+": "+header[1])
	}
	text := strings.Join(lines, "\r\n") + "\r\n\r\n"
	return http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
}

func run(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var rows []row
	if err := json.Unmarshal(text, &rows); err != nil {
		return err
	}
	if len(rows) == 0 {
		return fmt.Errorf("%s has no rows", path)
	}
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin("https://app.example.com"); err != nil {
		return err
	}
	handler := protection.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	wrong := 0
	for _, row := range rows {
		request, err := row.request()
		if err != nil {
			return fmt.Errorf("%s: %w", row.Situation, err)
		}
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		passes := response.Code == http.StatusOK
		if !passes && response.Code != http.StatusForbidden {
			return fmt.Errorf("%s: status %d", row.Situation, response.Code)
		}
		if passes != row.Go {
			wrong++
			fmt.Printf("%s %s: status %d, which is not what the table says\n", row.Method, row.Situation, response.Code)
		}
	}
	fmt.Printf("%s: %d rows, %d differ from the table\n", runtime.Version(), len(rows), wrong)
	if wrong > 0 {
		return fmt.Errorf("the table is wrong about Go")
	}
	return nil
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
