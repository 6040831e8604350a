/// The figures of all nodes; the coding keys are the names in `/stats?scope=cluster`.
public struct ClusterStatistics: Sendable, Codable {
    public struct Node: Sendable, Codable {
        public var node: String
        /// `live`, or `lost` for one that has not been heard of: its figures do not count.
        public var state: String
        /// How long ago it gave these figures, in milliseconds.
        public var silentMilliseconds: UInt64
        /// `nil` where this node cannot read them, as of a node of another version.
        public var figures: HubStatistics?

        enum CodingKeys: String, CodingKey {
            case node, state
            case silentMilliseconds = "silent_ms"
            case figures
        }
    }

    /// By name.
    public var nodes: [Node] = []
    /// The sums over the live ones.
    public var total = HubStatistics()
    /// False while the nodes cannot hear of each other: then there is only this one.
    public var isComplete = true

    enum CodingKeys: String, CodingKey {
        case nodes, total
        case isComplete = "complete"
    }

    public init() {}
}
