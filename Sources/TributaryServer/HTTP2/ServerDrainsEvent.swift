/// Told to a connection when the server begins to end its streams: the client should open new ones elsewhere. What it asks here
/// is answered until `ChannelShouldQuiesceEvent`.
struct ServerDrainsEvent {}
