#include "transport/static_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>

#include "access/private_folder.h"
#include "transport/api_fixture.h"
#include "transport/http_date.h"

namespace rtbridge {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::optional<std::string> header_of(const HttpReply& reply, std::string_view name) {
    for (const auto& [key, value] : reply.headers) {
        if (key == name) return value;
    }
    return std::nullopt;
}

class StaticFiles : public ApiTest {
protected:
    StaticFiles() { config.listener.www = {folder.path("www"), {}}; }
    void SetUp() override {
        ApiTest::SetUp();
        fs::create_directory(folder.path("www"));
        write("page.html", "<p>hello</p>");
    }

    void write(const std::string& name, const std::string& text) const {
        fs::create_directories(fs::path(folder.path("www/" + name)).parent_path());
        (void)folder.write("www/" + name, text);
    }
    [[nodiscard]] HttpReply head_of(std::string path) {
        return ask(request_of(HttpMethod::Head, std::move(path)));
    }
    [[nodiscard]] static HttpRequest request_range(std::string path, std::string range) {
        HttpRequest request = request_of(HttpMethod::Get, std::move(path));
        request.range = std::move(range);
        return request;
    }

    PrivateFolder folder;
};

TEST_F(StaticFiles, AreServedWithTypeAndValidators) {
    const HttpReply reply = get("/page.html");

    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "<p>hello</p>");
    EXPECT_EQ(reply.content_type, "text/html; charset=utf-8");
    EXPECT_TRUE(header_of(reply, "ETag"));
    EXPECT_TRUE(parse_http_date(header_of(reply, "Last-Modified").value_or("")));
    EXPECT_EQ(header_of(reply, "Cache-Control"), "no-cache");
    EXPECT_EQ(header_of(reply, "Accept-Ranges"), "bytes");
}

TEST_F(StaticFiles, BringTheirOwnPolicyForScripts) {
    const std::string page = to_wire(get("/page.html"), AfterReply::KeepAlive, Body::Send);
    EXPECT_THAT(page, Not(HasSubstr("Content-Security-Policy")));
    EXPECT_THAT(page, HasSubstr("X-Content-Type-Options: nosniff"));
    EXPECT_THAT(page, HasSubstr("X-Frame-Options: SAMEORIGIN"));
    EXPECT_THAT(to_wire(get("/healthz"), AfterReply::KeepAlive, Body::Send),
                HasSubstr("Content-Security-Policy"));
}

TEST_F(StaticFiles, ShadowTheBuiltInPageButNothingElseOfOurs) {
    EXPECT_THAT(get("/").body, HasSubstr("rtbridge"));
    write("index.html", "mine");
    write("dashboard.js", "mine too");
    for (const char* name : {"ws", "healthz", "readyz", "metrics", "rtbridge.js", "api/status",
                             "socket.io/index.html", "websocket/status"}) {
        write(name, "not ours");
    }
    write("socket.io/socket.io.js", "client");

    EXPECT_EQ(get("/").body, "mine");
    EXPECT_EQ(get("/index.html").body, "mine");
    EXPECT_EQ(get("/dashboard.js").body, "mine too");
    for (const char* path :
         {"/ws", "/healthz", "/readyz", "/metrics", "/rtbridge.js", "/api/status", "/api/other",
          "/api/", "/socket.io", "/socket.io/", "/websocket/status"}) {
        EXPECT_NE(get(path).body, "not ours") << path;
    }
    EXPECT_EQ(get("/socket.io/socket.io.js").body, "client");
}

TEST_F(StaticFiles, ADirectoryWithoutIndexShadowsNothing) {
    config.listener.dashboard = false;
    EXPECT_EQ(get("/").status, 404);
    fs::create_directory(folder.path("www/empty"));
    EXPECT_EQ(get("/empty").status, 404);
    EXPECT_EQ(get("/empty/").status, 404);
    fs::create_directory(folder.path("www/index.html"));
    EXPECT_EQ(get("/").status, 404);
}

TEST_F(StaticFiles, ADirectoryIsItsIndexAndGetsItsSlash) {
    write("sub dir/index.html", "index");

    EXPECT_EQ(get("/sub dir/").body, "index");
    const HttpReply moved = get("/sub dir", {{"a", "1 2"}, {"b", ""}, {"c&", "="}});
    EXPECT_EQ(moved.status, 301);
    EXPECT_EQ(header_of(moved, "Location"), "/sub%20dir/?a=1%202&b&c%26=%3D");
    EXPECT_EQ(get("/page.html/").status, 404);
}

TEST_F(StaticFiles, TakeGetAndHeadOnly) {
    for (const HttpMethod method : {HttpMethod::Post, HttpMethod::Options, HttpMethod::Other}) {
        const HttpReply reply = ask(request_of(method, "/page.html"));
        EXPECT_EQ(reply.status, 405);
        EXPECT_THAT(header_of(reply, "Allow").value_or(""), HasSubstr("GET, HEAD"));
        EXPECT_EQ(ask(request_of(method, "/other.html")).status, 404);
    }
    const HttpReply head = head_of("/page.html");
    EXPECT_EQ(head.status, 200);
    EXPECT_THAT(to_wire(head, AfterReply::KeepAlive, Body::Omit),
                HasSubstr("Content-Length: 12\r\n"));
}

TEST_F(StaticFiles, NeedNoIdentity) {
    use("[auth]\n");
    config.listener.www = {folder.path("www"), {}};
    EXPECT_EQ(get("/api/status").status, 401);
    EXPECT_EQ(get("/page.html").status, 200);
}

TEST_F(StaticFiles, LinksHiddenFilesAndWhatIsNoFileAreNotThere) {
    (void)folder.write("secret", "secret");
    write(".hidden", "secret");
    write(".git/config", "secret");
    write("sub/.env", "secret");
    fs::create_symlink("../secret", folder.path("www/out"));
    fs::create_symlink("page.html", folder.path("www/in"));
    fs::create_directory_symlink("..", folder.path("www/up"));
    ASSERT_EQ(::mkfifo(folder.path("www/fifo").c_str(), 0600), 0);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    folder.path("www/sock").copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ::close(socket);

    for (const char* path : {"/out", "/in", "/up/secret", "/up/www/page.html", "/../secret",
                             "/..\\secret", "//page.html", "/.hidden", "/.git/config", "/sub/.env",
                             "/fifo", "/sock", "/page.html\\", "/nothing"}) {
        EXPECT_EQ(get(path).status, 404) << path;
    }
    EXPECT_EQ(get(std::string("/page.html\0.png", 15)).status, 404);
    EXPECT_EQ(get("/" + std::string(5000, 'x')).status, 404);
}

TEST_F(StaticFiles, AreFoundByWhatLibwebsocketsLeavesOfTheirNames) {
    write("a b.txt", "blank");
    write("c+d.txt", "plus");
    write("R&D.txt", "and");
    write("x;y.txt", "semicolon");

    EXPECT_EQ(get("/a b.txt").body, "blank");
    EXPECT_EQ(get("/c d.txt").body, "plus");  // of "c+d.txt"
    EXPECT_EQ(get("/c+d.txt").body, "plus");  // of "c%2Bd.txt"
    EXPECT_EQ(get(std::string("/R\0D.txt", 8)).body, "and");
    EXPECT_EQ(get(std::string("/x\0y.txt", 8)).body, "semicolon");
}

TEST_F(StaticFiles, TheDirectoryMayBeReplaced) {
    fs::rename(folder.path("www"), folder.path("old"));
    EXPECT_EQ(get("/page.html").status, 404);
    fs::create_directory(folder.path("www"));
    write("page.html", "new");

    EXPECT_EQ(get("/page.html").body, "new");
}

TEST_F(StaticFiles, AreNotSentToWhoHasThem) {
    HttpRequest request = request_of(HttpMethod::Get, "/page.html");
    const HttpReply first = ask(request);
    const std::string tag = header_of(first, "ETag").value_or("");
    const std::string modified = header_of(first, "Last-Modified").value_or("");
    EXPECT_THAT(tag, testing::StartsWith("\""));

    for (const std::string& known : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
        request.if_none_match = known;
        const HttpReply reply = ask(request);
        EXPECT_EQ(reply.status, 304) << known;
        EXPECT_EQ(header_of(reply, "ETag"), tag);
        EXPECT_EQ(reply.body, "");
    }
    request.if_none_match = "\"x\"";
    request.if_modified_since = modified;  // doesn't count beside a tag (RFC 9110, 13.1.3)
    EXPECT_EQ(ask(request).status, 200);

    request.if_none_match.reset();
    EXPECT_EQ(ask(request).status, 304);
    request.if_modified_since = "Thu, 01 Jan 1970 00:00:00 GMT";
    EXPECT_EQ(ask(request).status, 200);
    request.if_modified_since = "yesterday";
    EXPECT_EQ(ask(request).status, 200);
}

TEST_F(StaticFiles, ANewContentHasANewTag) {
    const auto before = header_of(get("/page.html"), "ETag");
    write("other.html", "<p>HELLO</p>");
    fs::last_write_time(folder.path("www/other.html"),
                        fs::last_write_time(folder.path("www/page.html")));
    fs::rename(folder.path("www/other.html"), folder.path("www/page.html"));

    EXPECT_NE(header_of(get("/page.html"), "ETag"), before);
}

TEST_F(StaticFiles, PartsAreSentWhereTheyExist) {
    write("ten.txt", "0123456789");
    HttpReply reply = ask(request_range("/ten.txt", "bytes=2-4"));
    EXPECT_EQ(reply.status, 206);
    EXPECT_EQ(reply.body, "234");
    EXPECT_EQ(header_of(reply, "Content-Range"), "bytes 2-4/10");
    EXPECT_EQ(ask(request_range("/ten.txt", "bytes=-3")).body, "789");
    EXPECT_EQ(ask(request_range("/ten.txt", "bytes=8-")).body, "89");

    reply = ask(request_range("/ten.txt", "bytes=10-"));
    EXPECT_EQ(reply.status, 416);
    EXPECT_EQ(header_of(reply, "Content-Range"), "bytes */10");

    for (const char* range : {"bytes=0-1,4-5", "bytes=x", "lines=0-1"}) {
        reply = ask(request_range("/ten.txt", range));
        EXPECT_EQ(reply.status, 200) << range;
        EXPECT_EQ(reply.body, "0123456789");
    }
    HttpRequest head = request_range("/ten.txt", "bytes=2-4");
    head.method = HttpMethod::Head;
    EXPECT_EQ(ask(head).status, 200);  // RFC 9110, 14.2: Range is for GET
}

TEST_F(StaticFiles, APartIsOnlySentOfTheFileThatTheBrowserKnows) {
    write("ten.txt", "0123456789");
    HttpRequest request = request_range("/ten.txt", "bytes=2-4");
    const HttpReply whole = get("/ten.txt");

    for (const char* name : {"ETag", "Last-Modified"}) {
        request.if_range = header_of(whole, name);
        EXPECT_EQ(ask(request).status, 206) << name;
    }
    for (const std::string& other :
         {std::string("\"x\""), "W/" + header_of(whole, "ETag").value_or(""),
          std::string("Thu, 01 Jan 1970 00:00:00 GMT")}) {
        request.if_range = other;
        EXPECT_EQ(ask(request).status, 200) << other;
    }
}

TEST_F(StaticFiles, AnEmptyFileIsOne) {
    write("empty.txt", "");
    EXPECT_EQ(get("/empty.txt").status, 200);
    EXPECT_EQ(get("/empty.txt").body, "");
    EXPECT_EQ(ask(request_range("/empty.txt", "bytes=0-")).status, 416);
}

// As the connection sees it: what was written, and whether it takes more.
class FakeExchange final : public HttpExchange {
public:
    void reply(const HttpReply& /*reply*/) override { FAIL(); }
    void begin_stream(const HttpReply& begun) override { head = begun; }
    [[nodiscard]] bool ready() const override { return open; }
    [[nodiscard]] SessionOutput::Written write(std::string_view bytes) override {
        largest = std::max(largest, bytes.size());
        body += bytes;
        return SessionOutput::Written::Yes;
    }
    void request_writable() override { wants_turn = true; }
    void give_up_after(std::chrono::milliseconds /*patience*/) override {}
    void end_stream(std::string_view bytes) override {
        largest = std::max(largest, bytes.size());
        body += bytes;
        ended = true;
    }
    void turn(HttpResponder& responder) {
        assert_on_listener_thread();
        wants_turn = false;
        responder.on_writable();
    }

    HttpReply head;
    std::string body;
    std::size_t largest = 0;
    bool open = true, wants_turn = false, ended = false;
};

class LargeFiles : public StaticFiles {
protected:
    void SetUp() override {
        StaticFiles::SetUp();
        for (std::size_t i = 0; i < 200'000; ++i) content += static_cast<char>('a' + i % 23);
        write("large.bin", content);
    }
    [[nodiscard]] std::shared_ptr<HttpResponder> stream_of(const HttpRequest& request) {
        assert_on_listener_thread();
        Answer answered = answer(request, context());
        auto* const responder = std::get_if<std::shared_ptr<HttpResponder>>(&answered);
        return responder != nullptr ? *responder : nullptr;
    }
    void begin(HttpResponder& responder) {
        assert_on_listener_thread();
        responder.begin(exchange);
    }
    void run(HttpResponder& responder) {
        while (exchange.wants_turn && !exchange.ended) exchange.turn(responder);
    }

    std::string content;
    FakeExchange exchange;
};

TEST_F(LargeFiles, AreSentInPieces) {
    const auto stream = stream_of(request_of(HttpMethod::Get, "/large.bin"));
    ASSERT_TRUE(stream);
    begin(*stream);
    run(*stream);

    EXPECT_TRUE(exchange.ended);
    EXPECT_EQ(exchange.head.status, 200);
    EXPECT_EQ(exchange.head.body_bytes, content.size());
    EXPECT_EQ(exchange.body, content);
    EXPECT_LE(exchange.largest, FileStream::piece_bytes);
}

TEST_F(LargeFiles, PartsOfThemAreSentInPiecesOrAtOnce) {
    const auto stream = stream_of(request_range("/large.bin", "bytes=1000-150999"));
    ASSERT_TRUE(stream);
    begin(*stream);
    run(*stream);
    EXPECT_EQ(exchange.head.status, 206);
    EXPECT_EQ(exchange.body, content.substr(1000, 150'000));

    EXPECT_EQ(ask(request_range("/large.bin", "bytes=150000-150099")).body,
              content.substr(150'000, 100));
    const HttpReply head = head_of("/large.bin");
    EXPECT_EQ(head.body_bytes, content.size());
}

TEST_F(LargeFiles, WaitForABrowserThatReadsSlowly) {
    const auto stream = stream_of(request_of(HttpMethod::Get, "/large.bin"));
    begin(*stream);
    exchange.turn(*stream);
    exchange.open = false;
    const std::string before = exchange.body;

    for (int i = 0; i < 3; ++i) exchange.turn(*stream);
    EXPECT_EQ(exchange.body, before);
    EXPECT_TRUE(exchange.wants_turn);

    exchange.open = true;
    run(*stream);
    EXPECT_EQ(exchange.body, content);
}

TEST_F(LargeFiles, AreSentAsTheyWereWhenReplacedMeanwhile) {
    const auto stream = stream_of(request_of(HttpMethod::Get, "/large.bin"));
    begin(*stream);
    exchange.turn(*stream);
    write("new.bin", std::string(content.size(), 'X'));
    fs::rename(folder.path("www/new.bin"), folder.path("www/large.bin"));
    run(*stream);

    EXPECT_EQ(exchange.body, content);
}

TEST_F(LargeFiles, ThatBecomeShorterEndEarly) {
    const auto stream = stream_of(request_of(HttpMethod::Get, "/large.bin"));
    begin(*stream);
    exchange.turn(*stream);
    fs::resize_file(folder.path("www/large.bin"), 100'000);
    run(*stream);

    EXPECT_TRUE(exchange.ended);
    EXPECT_EQ(exchange.body, content.substr(0, 100'000));  // less than was announced
}

TEST_F(LargeFiles, StopWhenTheBrowserHasGone) {
    const auto stream = stream_of(request_of(HttpMethod::Get, "/large.bin"));
    begin(*stream);
    assert_on_listener_thread();
    stream->on_gone();
    const std::string before = exchange.body;
    stream->on_writable();

    EXPECT_EQ(exchange.body, before);
}

TEST_F(LargeFiles, NoMoreThanTheLimitAtOnce) {
    std::vector<std::shared_ptr<HttpResponder>> streams;
    for (std::size_t i = 0; i < FileStreams::most; ++i) {
        streams.push_back(stream_of(request_of(HttpMethod::Get, "/large.bin")));
        ASSERT_TRUE(streams.back());
    }
    const HttpReply refused = get("/large.bin");
    EXPECT_EQ(refused.status, 503);
    EXPECT_TRUE(header_of(refused, "Retry-After"));
    EXPECT_EQ(hits(Limit::Files), 1);
    EXPECT_EQ(get("/page.html").status, 200);

    streams.pop_back();
    EXPECT_TRUE(stream_of(request_of(HttpMethod::Get, "/large.bin")));
}

}  // namespace
}  // namespace rtbridge
