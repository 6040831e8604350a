// swift-tools-version: 6.2

import PackageDescription

// Warnings are errors in CI (`Tests/run` sets the variable); a plain build on a newer compiler still goes through.
let warnings: [SwiftSetting] =
    Context.environment["TRIBUTARY_WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)]

let settings: [SwiftSetting] =
    [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility")] + warnings

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioConcurrency = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHPACK = Target.Dependency.product(name: "NIOHPACK", package: "swift-nio-http2")
let jwtKit = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")

let package = Package(
    name: "tributary",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "tributary", targets: ["tributary"]),
        .library(name: "TributaryProtocol", targets: ["TributaryProtocol"]),
        .library(name: "TributaryClient", targets: ["TributaryClient"]),
        .library(name: "TributaryRedis", targets: ["TributaryRedis"]),
        // For Tests/Benchmarks, which is a package of its own.
        .library(name: "TributaryWorkloads", targets: ["TributaryWorkloads"]),
        .executable(name: "tributary-instructions", targets: ["tributary-instructions"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.1.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        .target(
            name: "TributaryProtocol",
            dependencies: [nioCore],
            path: "Protocols",
            exclude: [
                "README.md", "asyncapi.yaml", "openapi.yaml", "schemas", "examples", "fixtures", "observability",
            ],
            sources: ["Swift"],
            resources: [.embedInCode("catalog.json")],
            swiftSettings: settings
        ),
        .target(
            name: "TributaryCore",
            dependencies: ["TributaryProtocol", nioCore, nioConcurrency, collections, lifecycle, logging],
            swiftSettings: settings
        ),
        // No `pkgConfig:`: Debian's file carries a flag that SwiftPM prohibits and warns of; the module map links.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .target(
            name: "TributaryRedis",
            dependencies: ["CHiredis", "TributaryCore", nioCore, nioPosix, nioSSL, nioConcurrency, lifecycle, logging],
            resources: ["project", "append", "publish", "record", "listen", "register"].map {
                .embedInCode("Library/\($0).lua")
            }
                + [
                    "streams", "stream_register", "stream_refresh", "stream_remove", "stream_list", "presence",
                    "presence_join", "presence_leave", "presence_set", "presence_sweep", "presence_list", "node_beat",
                    "node_leave",
                ].map { .embedInCode("Scripts/\($0).lua") },
            swiftSettings: settings
        ),
        .target(
            name: "TributarySQLite",
            dependencies: [
                "TributaryCore", "TributaryProtocol", nioCore, nioConcurrency, lifecycle, logging,
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "TributaryServer",
            dependencies: [
                "TributaryCore", "CLinux", nioCore, nioPosix, nioHTTP1, nioHTTP2, nioHPACK, nioTLS, nioSSL,
                nioConcurrency, lifecycle, logging, metrics, collections, asyncHTTPClient, jwtKit, crypto,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
            ],
            exclude: ["BrowserClient/source", "BrowserClient/bundle.py", "BrowserClient/bundling"],
            resources: [
                "tributary.js", "tributary.d.ts", "tributary-react.js", "tributary-react.d.ts", "package.json",
            ].map { .embedInCode("BrowserClient/\($0)") }
                + [
                    "page.html", "page.css", "icon.svg", "page.js", "access.js", "dom.js", "figures.js", "inspector.js",
                    "json.js", "latency.js", "plot.js", "publish.js", "rows.js", "shared.js",
                ].map { .embedInCode("Browser/page/\($0)") },
            swiftSettings: settings
        ),
        .target(
            name: "TributaryClient",
            dependencies: [
                "TributaryProtocol", nioCore, nioHTTP1, nioConcurrency, lifecycle, logging, asyncHTTPClient,
                .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
            ],
            swiftSettings: settings
        ),
        .systemLibrary(name: "CLinux"),
        .target(
            name: "TributaryBench",
            dependencies: ["CLinux", .product(name: "Histogram", package: "hdrhistogram-swift")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "tributary",
            dependencies: [
                "TributaryBench", "TributaryServer", "TributaryRedis", "TributarySQLite", "TributaryClient",
                "TributaryCore", "TributaryProtocol", nioCore, nioPosix, lifecycle, logging, metrics, asyncHTTPClient,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
            ],
            resources: ["demo.html", "demo.css", "demo.svg", "demo.js", "hub.js", "pane.js", "room.js"].map {
                .embedInCode("Demo/page/\($0)")
            },
            swiftSettings: settings
        ),
        .target(
            name: "TributaryTesting",
            dependencies: [
                "TributaryCore", nioCore, nioPosix, nioHTTP1, nioEmbedded, nioConcurrency, lifecycle, logging,
            ],
            path: "Tests/TributaryTesting",
            swiftSettings: settings
        ),
        // What is measured of the hot path: by the benchmarks, and by the count of instructions in the test run.
        .target(
            name: "TributaryWorkloads",
            dependencies: ["TributaryRedis", "TributaryCore", "TributaryProtocol", nioCore, nioEmbedded, logging],
            path: "Tests/Benchmarks/Workloads",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "tributary-instructions",
            dependencies: ["TributaryWorkloads"],
            path: "Tests/Benchmarks/Instructions",
            swiftSettings: settings
        ),
        .testTarget(
            name: "TributaryProtocolTests",
            dependencies: ["TributaryProtocol", "TributaryTesting", nioCore],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TributaryCoreTests",
            dependencies: [
                "TributaryCore", "TributaryTesting", nioCore, nioPosix, nioEmbedded, nioConcurrency, logging,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TributaryRedisTests",
            dependencies: [
                "TributaryRedis", "TributaryTesting", nioCore, nioPosix, nioEmbedded, nioSSL, nioConcurrency, lifecycle,
                logging,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TributarySQLiteTests",
            dependencies: [
                "TributarySQLite", "TributaryTesting", nioCore, nioPosix, nioConcurrency, lifecycle, logging,
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TributaryServerTests",
            dependencies: [
                "TributaryServer", "TributaryClient", "TributaryTesting", nioCore, nioPosix, nioHTTP1, nioHTTP2,
                nioHPACK,
                nioTLS, nioSSL, nioEmbedded,
                nioConcurrency,
                crypto,
                lifecycle,
                logging,
                metrics,
                crypto,
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TributaryClientTests",
            dependencies: [
                "TributaryClient", "TributaryTesting", nioCore, nioPosix, nioHTTP1, nioConcurrency, lifecycle,
                asyncHTTPClient,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TributaryBenchTests",
            dependencies: ["TributaryBench", .product(name: "Histogram", package: "hdrhistogram-swift")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TributaryCommandTests",
            dependencies: [
                "tributary", "TributaryBench", "TributaryTesting", "TributaryCore", "TributaryProtocol", nioCore,
                nioConcurrency, logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)
