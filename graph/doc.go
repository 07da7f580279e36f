// Package graph reaches a customer's tenant: how to sign in, where each of
// Microsoft's clouds answers, the one HTTP client with its retries and quotas,
// and what an answer that says no means. It knows nothing of visuals.
//
// Facts about Microsoft's services carry their source: "documented" names a
// page or description of Microsoft's, "observed" names public code.
package graph
