// Package graph connects to a customer's tenant. It knows how to sign in, the
// addresses of Microsoft's clouds, the one HTTP client with its retries and
// quotas, and what error answers mean. It knows nothing about visuals.
//
// Facts about Microsoft's services name their source: "documented" means a page
// or description of Microsoft's, "observed" means public code.
package graph
