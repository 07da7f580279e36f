package engine

// Attestation is what programs read of who attested a license.
type Attestation struct {
	By       string `json:"by"`
	Evidence string `json:"evidence"`
	Reason   string `json:"reason"`
}
