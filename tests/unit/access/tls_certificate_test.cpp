#include "access/tls_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "fakes/certificate.h"

namespace rtbridge {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t now = 1'700'000'000;
constexpr std::int64_t day = 24 * 3600;

class TlsCertificateFiles : public testing::Test {
protected:
    TlsCertificateFiles() {
        std::string pattern = testing::TempDir() + "rtbridge-tls-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~TlsCertificateFiles() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] Placed<std::string> file(const std::string& name, const std::string& content,
                                           mode_t mode = 0600) const {
        const std::string path = folder_ + "/" + name;
        std::ofstream(path) << content;
        ::chmod(path.c_str(), mode);
        return {path, {"rtbridge.toml", 3, name == "cert" ? 17U : 30U}};
    }
    [[nodiscard]] TlsConfig files(const CertificatePem& pem) const {
        return {file("cert", pem.certificate), file("key", pem.key)};
    }
    [[nodiscard]] std::vector<std::string> mistakes(const TlsConfig& config) {
        Diagnostics diagnostics;
        loaded = TlsCertificate::load(config, now, diagnostics);
        std::vector<std::string> lines;
        for (const Diagnostic& item : diagnostics.sorted()) lines.push_back(to_line(item));
        return lines;
    }

    std::shared_ptr<const TlsCertificate> loaded;

private:
    std::string folder_;
};

TEST_F(TlsCertificateFiles, AGoodPairIsLoadedWithSubjectAndDate) {
    EXPECT_THAT(mistakes(files(
                    make_certificate({.name = "panel.example", .expires_unix_s = now + 90 * day}))),
                IsEmpty());

    ASSERT_NE(loaded, nullptr);
    EXPECT_EQ(loaded->subject(), "CN=panel.example");
    EXPECT_EQ(loaded->expires_unix_s(), now + 90 * day);
}

TEST_F(TlsCertificateFiles, AChainFollowsTheCertificateInItsFile) {
    const CertificatePem server = make_certificate({.name = "server"});
    TlsConfig config = files(server);

    config.cert_file = file("cert", server.certificate + make_certificate().certificate);
    EXPECT_THAT(mistakes(config), IsEmpty());
    ASSERT_NE(loaded, nullptr);
    EXPECT_EQ(loaded->subject(), "CN=server");

    config.cert_file =
        file("cert",
             server.certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    EXPECT_THAT(mistakes(config), ElementsAre(HasSubstr("a later certificate in")));
    EXPECT_EQ(loaded, nullptr);
}

TEST_F(TlsCertificateFiles, MistakesPointAtTheNameOfTheFile) {
    const CertificatePem pem = make_certificate();
    TlsConfig config = files(pem);
    config.cert_file.value += "-gone";
    EXPECT_THAT(mistakes(config),
                ElementsAre(AllOf(HasSubstr("rtbridge.toml:3:17: error: cannot read cert"),
                                  HasSubstr("No such file"))));

    config = files(pem);
    config.key_file.value = testing::TempDir();
    EXPECT_THAT(mistakes(config),
                ElementsAre(AllOf(HasSubstr("rtbridge.toml:3:30: error: cannot read key"),
                                  HasSubstr("not a regular file"))));

    config.cert_file = file("cert", "no PEM");
    config.key_file = file("key", "");
    EXPECT_THAT(mistakes(config), ElementsAre(HasSubstr("holds no certificate in PEM form"),
                                              HasSubstr("holds no private key in PEM form")));
    EXPECT_EQ(loaded, nullptr);
}

TEST_F(TlsCertificateFiles, AKeyHasToBelongToTheCertificate) {
    EXPECT_THAT(
        mistakes(files({make_certificate().certificate, make_certificate().key})),
        ElementsAre(AllOf(HasSubstr(":3:30: error: the key in"), HasSubstr("does not belong"))));
    EXPECT_EQ(loaded, nullptr);
}

TEST_F(TlsCertificateFiles, NobodyIsAskedForAPassphrase) {
    EXPECT_THAT(mistakes(files(make_certificate({.passphrase = "secret"}))),
                ElementsAre(HasSubstr("needs a passphrase")));
    EXPECT_EQ(loaded, nullptr);
}

TEST_F(TlsCertificateFiles, WhatOpensslThinksTooWeakIsRefusedAtLoad) {
    EXPECT_THAT(mistakes(files(make_certificate({.rsa_bits = 512}))),
                ElementsAre(HasSubstr("cannot be used: ee key too small")));
    EXPECT_EQ(loaded, nullptr);
}

TEST_F(TlsCertificateFiles, DatesAreWarningsBecauseABrokerMustRestart) {
    const struct {
        std::int64_t begins, expires;
        const char* warning;
    } cases[] = {
        {0, now + 15 * day, ""},
        {0, now + 14 * day, "expires on 2023-11-28; renew it"},
        {0, now, "expired on 2023-11-14; browsers will refuse it"},
        {now + day, now + 90 * day, "is not valid before 2023-11-15"},
    };
    for (const auto& c : cases) {
        const auto lines = mistakes(
            files(make_certificate({.begins_unix_s = c.begins, .expires_unix_s = c.expires})));

        EXPECT_NE(loaded, nullptr) << c.warning;
        if (*c.warning == '\0') {
            EXPECT_THAT(lines, IsEmpty());
        } else {
            EXPECT_THAT(lines, ElementsAre(AllOf(HasSubstr("3:17: warning: the certificate in"),
                                                 HasSubstr(c.warning))));
        }
    }
}

TEST_F(TlsCertificateFiles, AKeyThatEveryoneMayReadIsAWarning) {
    const CertificatePem pem = make_certificate();
    TlsConfig config = files(pem);

    config.key_file = file("key", pem.key, 0640);
    EXPECT_THAT(mistakes(config), IsEmpty());

    config.key_file = file("key", pem.key, 0644);
    EXPECT_THAT(mistakes(config),
                ElementsAre(HasSubstr("3:30: warning: everyone on this machine may read")));
    EXPECT_NE(loaded, nullptr);
}

TEST_F(TlsCertificateFiles, OpensslsErrorQueueIsLeftAsItWas) {
    ERR_clear_error();

    EXPECT_THAT(mistakes(files(make_certificate())), IsEmpty());
    EXPECT_EQ(ERR_peek_error(), 0U);
    ERR_raise(ERR_LIB_USER, 7);
    EXPECT_THAT(mistakes(files({"x", "y"})), testing::SizeIs(2));

    EXPECT_EQ(ERR_GET_REASON(ERR_get_error()), 7);
    EXPECT_EQ(ERR_get_error(), 0U);
}

}  // namespace
}  // namespace rtbridge
