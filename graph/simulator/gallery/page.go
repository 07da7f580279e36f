package gallery

import (
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed page.html
var pageText string

// servePage sends the page for people: the list, and for each visual what the
// portal's own page offers. It sends the private requests of the shape.
func (g *Gallery) servePage(w http.ResponseWriter, r *http.Request, s Shape) {
	token := ""
	if g.options.Token != nil {
		token = g.options.Token(r)
	}
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		sendProblem(w, err)
		return
	}
	if s.Guard == "cookie" {
		http.SetCookie(w, &http.Cookie{Name: s.GuardName, Value: g.guardToken, Path: "/", Secure: true, SameSite: http.SameSiteStrictMode})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	data := struct {
		Shape             Shape
		Token, CSRF, Name string
		Meta, Input       bool
	}{s, token, g.guardToken, s.GuardName, s.Guard == "meta", s.Guard == "input"}
	_ = t.Execute(w, data)
}
