package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/check"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// usualEnv are the variables that programs need to run at all. A check sees no
// other unless the settings let it: orgstore's own may hold secrets.
var usualEnv = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
	"SystemRoot", "SystemDrive", "windir", "ComSpec", "PATHEXT", "TEMP", "TMP", "USERNAME", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
	"ProgramData", "ProgramFiles", "ProgramFiles(x86)", "ProgramW6432", "CommonProgramFiles", "PSModulePath", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE",
	"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
}

// checkersOf finds what the settings ask after a step; nil where they ask nothing.
func (e *Engine) checkersOf(step plan.Step) apply.Checker {
	c, ok := e.Settings.CheckAfter(step.Key.GUID, step.Kind)
	if !ok {
		return nil
	}
	var all check.All
	if len(c.Command) > 0 {
		env, secrets := e.checkEnvironment(c.Env)
		all = append(all, check.Command{Args: c.Command, Dir: filepath.Dir(e.Settings.File), Env: env, Secrets: secrets, Limit: c.Timeout, Now: e.Now})
	}
	if c.Webhook.Named() {
		all = append(all, e.webhookOf(c))
	}
	return announced{all, e, fmt.Sprintf("checking %s of %s, for %s at most", step.Kind, Title(step.Name, step.Key), c.Timeout)}
}

// plannedCheck says what is looked at after a step.
func (e *Engine) plannedCheck(step plan.Step) plan.Check {
	var c plan.Check
	if asked, ok := e.Settings.CheckAfter(step.Key.GUID, step.Kind); ok {
		c.Asks = asked.Words()
	}
	if target, ok := e.Stores[step.Key.Store]; ok {
		c.Blind = !target.Traits().TellsDigest
	}
	return c
}

// announced says that a check is asked, since it may take long.
type announced struct {
	check.All
	s    *Engine
	text string
}

// Check asks all.
func (a announced) Check(ctx context.Context, c check.Change) journal.Checked {
	a.s.announce(a.text)
	return a.All.Check(ctx, c)
}

func (e *Engine) webhookOf(c config.Check) check.Webhook {
	return check.Webhook{
		Limit: c.Timeout, Now: e.Now,
		Secret: func() (string, error) {
			if e.Secret == nil {
				return "", fault.New("notice.unsupported", "use a command", "this program was built without what posts to webhooks")
			}
			return e.Secret(c.Secret)
		},
		Post: func(ctx context.Context, header map[string]string, body []byte) error {
			return e.Post(ctx, e.Settings, Post{To: c.Webhook, Header: header, Body: body, Patience: c.Timeout})
		},
	}
}

// checkEnvironment is what a check's command sees of orgstore's own, and what of it
// its output must not show.
func (e *Engine) checkEnvironment(names []string) (env, secrets []string) {
	for _, name := range slices.Concat(usualEnv, names) {
		if v := e.Env(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	for _, name := range names {
		secrets = append(secrets, e.Env(name))
	}
	return env, secrets
}

// lookYourself asks a person to look where the store cannot tell; empty where
// there is nothing to look at.
func lookYourself(state store.State, g string) string {
	if state.Presence != store.Present || state.Claim != store.Acknowledged && state.Claim != store.Unverified {
		return ""
	}
	return fmt.Sprintf("unverified: the store does not tell which bytes it has; look at a report that uses it, then: orgstore store baseline %s --package FILE --evidence TEXT", g)
}
