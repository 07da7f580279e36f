package journal

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Kind names a kind of fact. The words are stored: they are never renamed,
// and an unknown one is refused.
type Kind string

// factTypes lists every kind of fact: the word it is stored under, the number of
// its stored form, and its type. A number rises when the meaning of a kind
// changes or a member is added that an older program must not pass over;
// decodeFact then has to know the older numbers, too.
var factTypes = []factType{
	newFactType[Received]("received", 1),
	newFactType[StatementReceived]("statement-received", 1),
	newFactType[Bound]("bound", 1),
	newFactType[StatementRefused]("statement-refused", 1),
	newFactType[ItemRefused]("item-refused", 1),
	newFactType[Baselined]("baselined", 1),
	newFactType[Begun]("begun", 1),
	newFactType[Accepted]("accepted", 1),
	newFactType[Done]("done", 1),
	newFactType[Failed]("failed", 1),
	newFactType[Withdrawn]("withdrawn", 1),
	newFactType[Held]("held", 1),
	newFactType[Unheld]("unheld", 1),
	newFactType[Blocked]("blocked", 1),
	newFactType[Unblocked]("unblocked", 1),
	newFactType[Overridden]("overridden", 1),
	newFactType[TimeMarked]("time-marked", 1),
	newFactType[SettingsSeen]("settings-seen", 1),
	newFactType[Profiled]("profiled", 1),
	newFactType[StatusReceived]("status-received", 1),
	newFactType[StatusVerified]("status-verified", 1),
	newFactType[StatusRefused]("status-refused", 1),
	newFactType[TrustChanged]("trust-changed", 1),
	newFactType[Attested]("attested", 1),
	newFactType[Exported]("exported", 1),
	newFactType[Reminded]("reminded", 1),
	newFactType[StoreChanged]("store-changed", 1),
	newFactType[DriftSettled]("drift-settled", 1),
	newFactType[Unclear]("unclear", 1),
	newFactType[Observed]("observed", 1),
	newFactType[Checking]("checking", 1),
	newFactType[Checked]("checked", 1),
	newFactType[Notified]("notified", 1),
	newFactType[Pinned]("pinned", 1),
	newFactType[Requested]("requested", 1),
	newFactType[Approved]("approved", 1),
	newFactType[Rejected]("rejected", 1),
	newFactType[Revoked]("revoked", 1),
	newFactType[BundleSeen]("bundle-seen", 1),
	newFactType[BundleAllowed]("bundle-allowed", 1),
}

// A factType is what the journal knows of one kind of fact.
type factType struct {
	kind   Kind
	number int
	goType reflect.Type
	decode func(jsontext.Value) (Fact, error)
}

func newFactType[F Fact](k Kind, number int) factType {
	return factType{kind: k, number: number, goType: reflect.TypeFor[F](), decode: decodeData[F]}
}

// typesByKind and typesByGoType find a fact's type by the word that is stored,
// and by the value that is to be stored.
var typesByKind, typesByGoType = indexFactTypes()

func indexFactTypes() (map[Kind]factType, map[reflect.Type]factType) {
	byKind, byGoType := map[Kind]factType{}, map[reflect.Type]factType{}
	for _, t := range factTypes {
		byKind[t.kind], byGoType[t.goType] = t, t
	}
	return byKind, byGoType
}

// Kinds lists every kind, in the order in which they came to be.
func Kinds() []Kind {
	kinds := make([]Kind, 0, len(factTypes))
	for _, t := range factTypes {
		kinds = append(kinds, t.kind)
	}
	return kinds
}

// KindOf returns the kind of a fact.
func KindOf(f Fact) Kind { return typesByGoType[reflect.TypeOf(f)].kind }

// A storedFact is a fact with its kind and number.
type storedFact struct {
	Kind Kind           `json:"kind"`
	V    int            `json:"v"`
	Data jsontext.Value `json:"data"`
}

// encodeFact turns a fact into what is stored of it.
func encodeFact(f Fact) (storedFact, error) {
	t, ok := typesByGoType[reflect.TypeOf(f)]
	if !ok {
		return storedFact{}, fmt.Errorf("%T has no kind", f)
	}
	data, err := encodeValue(f)
	return storedFact{t.kind, t.number, data}, err
}

// decodeFact reads a fact by its kind and number.
func decodeFact(s storedFact) (Fact, error) {
	t, ok := typesByKind[s.Kind]
	switch {
	case !ok:
		return nil, &NewerError{What: fmt.Sprintf("a fact %q that this program does not know", s.Kind)}
	case s.V != t.number:
		return nil, &NewerError{What: fmt.Sprintf("a fact %q with number %d that this program does not know", s.Kind, s.V)}
	}
	return t.decode(s.Data)
}

// decodeData reads the data of a fact strictly. Every byte counts: what a program
// does not know it must not pass over, since it may be what forbids something.
func decodeData[F Fact](data jsontext.Value) (Fact, error) {
	var f F
	err := json.UnmarshalRead(bytes.NewReader(data), &f, json.RejectUnknownMembers(true))
	return f, err
}
