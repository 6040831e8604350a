import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    /// `/demo`: a small chat to try the hub with, and `POST /demo/jobs`, which lets a job run that its readers can watch.
    mutating func addDemoRoutes(_ demo: Demo) {
        for asset in demo.assets { add(asset) }
        let (hub, limiter) = (hub, limiter)
        add(
            "demo/jobs",
            [
                .post: { call in
                    let caller = try await call.caller()
                    let asked = try UserRequest(target: call.target)
                    try limiter.admit(caller)
                    // Whoever may say that a job has begun may let one begin.
                    var demand = asked.demand(.publish, on: .jobs, of: hub.catalog)
                    demand.event = try EventName(JobStarted.eventName)
                    let permit = try await caller.permit(demand)
                    try limiter.admit(asked.project)
                    guard demo.startJob(asked.project) else { throw Problem.tooManyJobs }
                    return permit.answer(Response(status: .accepted))
                }
            ]
        )
    }
}

extension Demo {
    var assets: [StaticAsset] {
        files.map { file in
            StaticAsset(
                path: file.name.isEmpty ? "demo" : "demo/\(file.name)", bytes: file.bytes,
                contentType: file.contentType, policy: file.name.isEmpty ? PagePolicy.text : nil
            )
        }
    }
}

extension Problem {
    fileprivate static let tooManyJobs = Problem(
        .tooManyRequests, "too_many_jobs", "As many jobs run as the demo has workers. Wait for one to end."
    ).retry(afterSeconds: 2)
}
