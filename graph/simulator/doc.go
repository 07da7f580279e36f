// Package simulator is a tenant on this machine: Microsoft Entra, Microsoft
// Graph, the Power BI and Fabric admin APIs, SharePoint's host for files and the
// portal's page Organizational visuals, each on a TLS listener of its own, with state, people who change it, faults on
// demand and a log of what was asked.
//
// It answers as Microsoft documents it, and where nothing is documented, as
// careful observers saw it; it is strict where Microsoft's services are lenient,
// so that a request which happens to work there by luck fails here: an unknown
// path, query parameter or body member is an error, and stands in the log as
// unexpected.
//
// It keeps everything in memory, binds to loopback addresses only, and does not
// know the agent.
package simulator
