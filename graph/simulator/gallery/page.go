package gallery

import (
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed page.html
var pageText string

// page is what a person uses: the list, and for each visual what the portal's
// own page offers. It sends the private requests of the shape.
func (g *Gallery) page(w http.ResponseWriter, r *http.Request, s Shape) {
	token := ""
	if g.o.Token != nil {
		token = g.o.Token(r)
	}
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		fail(w, err)
		return
	}
	if s.Guard == "cookie" {
		http.SetCookie(w, &http.Cookie{Name: s.GuardName, Value: g.csrf, Path: "/", Secure: true, SameSite: http.SameSiteStrictMode})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	data := struct {
		Shape             Shape
		Token, CSRF, Name string
		Meta, Input       bool
	}{s, token, g.csrf, s.GuardName, s.Guard == "meta", s.Guard == "input"}
	_ = t.Execute(w, data)
}
