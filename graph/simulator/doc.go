// Package simulator is a tenant on this machine: Microsoft Entra, Microsoft
// Graph, the Power BI and Fabric admin APIs, SharePoint's file host, and the
// portal's page Organizational visuals. Each has its own TLS listener. The
// tenant has state, people who change it, faults on demand, and a log of all
// calls.
//
// It answers as Microsoft documents, and where nothing is documented, as
// observed. It is strict where Microsoft's services are lenient, so that a
// request which works there by luck fails here. An unknown path, query
// parameter, or body member is an error, and the log marks it as unexpected.
//
// It keeps everything in memory, listens on loopback addresses only, and does
// not know the agent.
package simulator
