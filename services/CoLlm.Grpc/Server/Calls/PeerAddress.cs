using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Grpc.Server.Calls;

/// <summary>What the connection says about the client: its address and, with TLS, its certificate.</summary>
internal static class PeerAddress
{
    private const string CommonName = "x509_common_name";
    private const string AlternativeName = "x509_subject_alternative_name";

    /// <summary>The client's address in gRPC's spelling.</summary>
    public static string Of(ConnectionInfo connection) => connection.RemoteIpAddress switch
    {
        { AddressFamily: AddressFamily.InterNetwork } address => $"ipv4:{address}:{connection.RemotePort}",
        { AddressFamily: AddressFamily.InterNetworkV6 } address => $"ipv6:[{address}]:{connection.RemotePort}",
        _ => "unknown",
    };

    /// <summary>What the client's certificate proves; empty without one.</summary>
    public static AuthContext AuthContextOf(ConnectionInfo connection)
    {
        Dictionary<string, List<AuthProperty>> properties = new(StringComparer.Ordinal);
        if (connection.ClientCertificate is not { } certificate)
            return new AuthContext(null, properties);

        string name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        properties[CommonName] = [AuthProperty.Create(CommonName, Encoding.UTF8.GetBytes(name))];
        string identity = CommonName;
        string alternative = certificate.GetNameInfo(X509NameType.DnsFromAlternativeName, forIssuer: false);
        if (alternative.Length > 0)
        {
            identity = AlternativeName;
            properties[AlternativeName] = [AuthProperty.Create(AlternativeName, Encoding.UTF8.GetBytes(alternative))];
        }

        return new AuthContext(identity, properties);
    }
}
