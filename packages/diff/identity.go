package diff

import (
	"github.com/orgstore/orgstore/packages/pbiviz"
)

// compareIdentity compares who the visual is and who made it.
func (c *comparison) compareIdentity() {
	before, after := c.from.Manifest(), c.to.Manifest()
	if before.GUID != after.GUID {
		c.raiseClass(Capabilities) // reports find a visual by its GUID only
		c.addFinding(Breaking, "diff.guid", "the GUID changed from %s to %s: reports treat it as another visual", before.GUID, after.GUID)
	}
	if why := c.whyOtherVisual(); why != "" {
		c.addFinding(Breaking, "diff.identity", "this looks like another visual: %s", why)
	} else if before.DisplayName != after.DisplayName {
		c.addNote("diff.name", "the name changed from %s to %s", quote(before.DisplayName), quote(after.DisplayName))
	}
	c.compareAuthors(before, after)
	c.compareLabels(before, after)
}

func (c *comparison) compareAuthors(before, after pbiviz.Manifest) {
	if before.AuthorName == after.AuthorName {
		if before.AuthorEmail != after.AuthorEmail {
			c.addNote("diff.author_email", "the author's e-mail address changed")
		}
		return
	}
	severity := Note // packages without an author are common, and prove nothing
	if before.AuthorName != "" && after.AuthorName != "" {
		severity = Security
	}
	c.addFinding(severity, "diff.author", "the author changed from %s to %s", quote(before.AuthorName), quote(after.AuthorName))
}

// compareLabels compares what people read and see, apart from the name.
func (c *comparison) compareLabels(before, after pbiviz.Manifest) {
	if before.Description != after.Description {
		c.addNote("diff.description", "the description changed")
	}
	if before.SupportURL != after.SupportURL {
		c.addNote("diff.support_url", "the support page's URL changed")
	}
	if before.SourceURL != after.SourceURL {
		c.addNote("diff.source_url", "the source code's URL changed")
	}
	if before.Generation != after.Generation {
		c.addNote("diff.generation", "the package's layout changed from the %s to the %s generation", before.Generation, after.Generation)
	}
	x, y := c.from.Code(), c.to.Code()
	if string(x.Icon) != string(y.Icon) {
		c.addNote("diff.icon", "the icon changed")
	}
	if localizedStrings(x) != localizedStrings(y) {
		c.addNote("diff.strings", "localized strings changed")
	}
}

// localizedStrings returns the localized strings; having an empty set of them is
// having none.
func localizedStrings(code pbiviz.Code) string {
	if s := string(code.Strings); s != "{}" {
		return s
	}
	return ""
}
