// What the CORS middleware of Go, rs/cors and jub0bs/cors, answers to the questions of `../src/bin/behaviour.rs`, in its
// words: prints a Markdown table.
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	jub0bs "github.com/jub0bs/cors"
	rs "github.com/rs/cors"
)

const (
	app      = "https://app.example.com"
	rejected = "https://evil.example.net"
	// The header by which the application shows that it was reached.
	served = "X-Served"
)

type middleware func(maxAge int, application http.Handler) http.Handler

func wrapRS(maxAge int, application http.Handler) http.Handler {
	return rs.New(rs.Options{
		AllowedOrigins:   []string{app},
		AllowedMethods:   []string{http.MethodGet, http.MethodPut},
		AllowedHeaders:   []string{"x-token"},
		AllowCredentials: true,
		MaxAge:           maxAge,
	}).Handler(application)
}

func wrapJub0bs(maxAge int, application http.Handler) http.Handler {
	cors, err := jub0bs.NewMiddleware(jub0bs.Config{
		Origins:         []string{app},
		Credentialed:    true,
		Methods:         []string{http.MethodGet, http.MethodPut},
		RequestHeaders:  []string{"x-token"},
		MaxAgeInSeconds: maxAge,
	})
	if err != nil {
		panic(err)
	}
	return cors.Wrap(application)
}

func application(response http.ResponseWriter, _ *http.Request) {
	response.Header().Add("Vary", "Accept-Encoding")
	response.Header().Set(served, "true")
}

func isServed(response *http.Response) bool { return response.Header.Get(served) != "" }

func yesOrNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func varies(response *http.Response, on string) bool {
	names := strings.Split(strings.Join(response.Header.Values("Vary"), ","), ",")
	return slices.ContainsFunc(names, func(name string) bool {
		return strings.EqualFold(strings.TrimSpace(name), on)
	})
}

func statusAndHeaders(response *http.Response) string {
	var names []string
	for name := range response.Header {
		if rest, found := strings.CutPrefix(strings.ToLower(name), "access-control-"); found {
			names = append(names, rest)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		names = []string{"none"}
	}
	return fmt.Sprintf("%d: %s", response.StatusCode, strings.Join(names, ", "))
}

func rejectedGet(response *http.Response) string {
	text := "blocked"
	if isServed(response) {
		text = "served"
	}
	text = fmt.Sprintf("%s, %d", text, response.StatusCode)
	if response.Header.Get("Access-Control-Allow-Credentials") != "" {
		text += ", with Allow-Credentials"
	}
	return text
}

func reaches(response *http.Response) string {
	return fmt.Sprintf("%s, %d", yesOrNo(isServed(response)), response.StatusCode)
}

func keepsVary(response *http.Response) string {
	lines := strings.Join(response.Header.Values("Vary"), "`, `")
	return fmt.Sprintf("%s: `%s`", yesOrNo(varies(response, "accept-encoding")), lines)
}

func variesOnOrigin(response *http.Response) string { return yesOrNo(varies(response, "origin")) }

func grantedTo(response *http.Response) string {
	granted := response.Header.Values("Access-Control-Allow-Origin")
	if len(granted) == 0 {
		return fmt.Sprintf("%d: rejected", response.StatusCode)
	}
	return fmt.Sprintf("%d: allowed `%s`", response.StatusCode, strings.Join(granted, "`, `"))
}

func maxAge(response *http.Response) string {
	if ages := response.Header.Values("Access-Control-Max-Age"); len(ages) > 0 {
		return strings.Join(ages, ", ")
	}
	return "none"
}

func request(method string, headers ...string) *http.Request {
	request := httptest.NewRequest(method, "https://api.example.com/", nil)
	for pair := range slices.Chunk(headers, 2) {
		request.Header.Add(pair[0], pair[1])
	}
	return request
}

func preflight(origin, method, header string) *http.Request {
	return request(http.MethodOptions, "Origin", origin, "Access-Control-Request-Method", method,
		"Access-Control-Request-Headers", header)
}

// One row of the table.
type question struct {
	name    string
	request *http.Request
	meaning func(*http.Response) string
	maxAge  int
}

func main() {
	age := int((10 * time.Minute).Seconds())
	questions := []question{
		{"Preflight of a rejected origin: status and `Access-Control-` headers", preflight(rejected, "PUT", "x-token"), statusAndHeaders, age},
		{"GET of a rejected origin", request("GET", "Origin", rejected), rejectedGet, age},
		{"OPTIONS without `Origin` reaches the application", request("OPTIONS"), reaches, age},
		{"OPTIONS with an allowed `Origin` and no `Access-Control-Request-Method` reaches it", request("OPTIONS", "Origin", app), reaches, age},
		{"The application's `Vary: Accept-Encoding` stays on a GET of an allowed origin", request("GET", "Origin", app), keepsVary, age},
		{"`Vary: Origin` on a GET without `Origin`", request("GET"), variesOnOrigin, age},
		{"`Vary: Origin` on a GET of the allowed origin", request("GET", "Origin", app), variesOnOrigin, age},
		{"GET with two `Origin` lines, an allowed and a rejected one", request("GET", "Origin", app, "Origin", rejected), grantedTo, age},
		{"GET with two `Origin` lines, a rejected and an allowed one", request("GET", "Origin", rejected, "Origin", app), grantedTo, age},
		{"Preflight for a method that is not allowed", preflight(app, "DELETE", "x-token"), grantedTo, age},
		{"Preflight for a header that is not allowed", preflight(app, "PUT", "x-other"), grantedTo, age},
		{"Preflight that is allowed", preflight(app, "PUT", "x-token"), grantedTo, age},
		{"Its `Access-Control-Max-Age`, of 600 configured", preflight(app, "PUT", "x-token"), maxAge, age},
		{"Its `Access-Control-Max-Age`, with nothing configured", preflight(app, "PUT", "x-token"), maxAge, 0},
	}
	fmt.Println("| | rs/cors | jub0bs/cors |\n|---|---|---|")
	for _, question := range questions {
		fmt.Printf("| %s |", question.name)
		for _, wrap := range []middleware{wrapRS, wrapJub0bs} {
			recorder := httptest.NewRecorder()
			wrap(question.maxAge, http.HandlerFunc(application)).ServeHTTP(recorder, question.request.Clone(question.request.Context()))
			fmt.Printf(" %s |", question.meaning(recorder.Result()))
		}
		fmt.Println()
	}
}
