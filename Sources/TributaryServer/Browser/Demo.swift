import TributaryProtocol

/// What `serve --demo` adds: a page to try the hub with, and jobs that people there may start.
public struct Demo: Sendable {
    /// A file of the page.
    public struct File: Sendable {
        /// `""` is the page itself.
        public let name: String
        public let bytes: [UInt8]
        public let contentType: String

        public init(_ name: String, _ bytes: [UInt8], _ contentType: String) {
            self.name = name
            self.bytes = bytes
            self.contentType = contentType
        }
    }

    let files: [File]
    let startJob: @Sendable (ProjectID) -> Bool

    /// - Parameter startJob: begins a job in a project, whose events tell of it; `false` if as many run as may. From any thread.
    public init(files: [File], startJob: @escaping @Sendable (ProjectID) -> Bool) {
        self.files = files
        self.startJob = startJob
    }
}
