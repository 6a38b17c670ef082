#include "transport/credentials.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

using Kind = Credentials::Kind;

// What is read out of it, as "Kind user secret", or the status and message of the refusal.
std::string read(const HttpRequest& request, bool token_in_url = false) {
    static constexpr const char* names[] = {"None", "Token", "Password", "Ticket", "Cookie"};
    const auto result = read_credentials(request, "rtbridge", token_in_url);
    if (!result.ok()) {
        return std::to_string(result.error().http_status) + " " + result.error().message;
    }
    const Credentials& shown = result.value();
    std::string text = names[static_cast<int>(shown.kind)];
    if (!shown.user.empty()) text += " " + shown.user;
    if (!shown.secret.empty()) text += " " + shown.secret;
    return text;
}

std::string read_authorization(std::string value) {
    HttpRequest request;
    request.authorization = std::move(value);
    return read(request);
}

std::string read_cookies(std::string header) {
    HttpRequest request;
    request.cookies = std::move(header);
    return read(request);
}

TEST(Credentials, AreReadFromTheAuthorizationHeader) {
    const struct {
        const char *header, *read;
    } cases[] = {
        {"Bearer abc.def.ghi", "Token abc.def.ghi"},
        {"bearer  abc", "Token abc"},
        {"Basic YW5uYTpzZWM6cmV0", "Password anna sec:ret"},  // the first ':' ends the user
        {"BASIC YTo=", "Password a"},
        {"Basic OnB3", "Password pw"},
    };
    for (const auto& c : cases) EXPECT_EQ(read_authorization(c.header), c.read) << c.header;
}

TEST(Credentials, AHeaderThatCantBeReadIsRefusedAndNotTakenForNone) {
    const struct {
        const char *header, *refusal;
    } cases[] = {
        {"Bearer", "401 Authorization is Bearer or Basic here"},
        {"Digest x", "401 Authorization is Bearer or Basic here"},
        {" ", "401 Authorization is Bearer or Basic here"},
        {"Basic", "401 Authorization: Basic can't be read"},
        {"Basic YW5uYQ==", "401 Authorization: Basic can't be read"},  // no ':'
        {"Basic YTpi!", "401 Authorization: Basic can't be read"},
        {"Basic YTpi\nYTpi", "401 Authorization: Basic can't be read"},
        {"Basic ====", "401 Authorization: Basic can't be read"},
        {"Bearer a,Bearer b", "400 Authorization is there twice"},
        {"Basic YTpi,Bearer b", "400 Authorization is there twice"},
    };
    for (const auto& c : cases) EXPECT_EQ(read_authorization(c.header), c.refusal) << c.header;
}

TEST(Credentials, TheCookieIsFoundAmongOthersByItsWholeName) {
    const struct {
        const char *header, *read;
    } cases[] = {
        {"", "None"},
        {"other=1", "None"},
        {"xrtbridge=1; rtbridgex=2; RTBRIDGE=3", "None"},
        {"rtbridge=abc", "Cookie abc"},
        {"a=b; rtbridge=a=b ;c=d", "Cookie a=b"},
        {"rtbridge=", "Cookie"},  // shown, and no good
        {"rtbridge", "None"},
        {"rtbridge=1; rtbridge=2", "400 the cookie is there twice"},
    };
    for (const auto& c : cases) EXPECT_EQ(read_cookies(c.header), c.read) << c.header;
}

TEST(Credentials, OfSeveralKindsAuthorizationWinsThenTicketThenTokenThenCookie) {
    HttpRequest request;
    request.cookies = "rtbridge=cookie";
    EXPECT_EQ(read(request, true), "Cookie cookie");
    request.query.emplace_back("token", "token");
    EXPECT_EQ(read(request, true), "Token token");
    request.query.emplace_back("ticket", "ticket");
    EXPECT_EQ(read(request, true), "Ticket ticket");
    request.authorization = "Bearer header";
    EXPECT_EQ(read(request, true), "Token header");
}

TEST(Credentials, ARepeatedTicketOrTokenIsRefused) {
    HttpRequest request;
    request.query = {{"token", "1"}, {"token", "1"}};
    EXPECT_EQ(read(request, true), "400 token is there twice");
    request.query = {{"ticket", "1"}, {"ticket", "2"}};
    EXPECT_EQ(read(request), "400 ticket is there twice");
}

TEST(Credentials, ATokenInTheUrlIsRefusedWhereTheOperatorDidNotAllowIt) {
    HttpRequest request;
    request.authorization = "Bearer good";
    request.query.emplace_back("token", "secret");

    const std::string refusal = read(request);

    EXPECT_TRUE(refusal.starts_with("400 ")) << refusal;
    EXPECT_NE(refusal.find("auth.token_in_url"), std::string::npos);
    EXPECT_EQ(refusal.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace rtbridge
