using System.CommandLine;
using System.CommandLine.Parsing;
using CoLlm.ServiceDefaults.Files;
using CoLlm.ServiceDefaults.Tls;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace CoLlm.Cli.Commands;

/// <summary>The options that say which running service a command speaks to, and how it trusts it.</summary>
internal sealed class ServiceConnection
{
    private readonly Option<Uri?> _address;
    private readonly Option<string> _ca = Text("--ca", "FILE", "Authorities (PEM) that the service's certificate must come from; the system's when not given.");
    private readonly Option<string> _certificate = Text("--cert", "FILE", "Certificate (PEM) to show to a service that asks for one.");
    private readonly Option<string> _key = Text("--key", "FILE", "Its private key (PEM).");
    private readonly Option<string> _serverName =
        Text("--server-name", "NAME", "The name that the service's certificate must have; the address's host when not given.");

    /// <param name="description">What is at the address.</param>
    public ServiceConnection(string description) => _address = new Option<Uri?>("--address")
    {
        Description = description,
        HelpName = "URL",
        DefaultValueFactory = _ => new Uri("http://127.0.0.1:5100"),
        CustomParser = ParseAddress,
    };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_address, _ca, _certificate, _key, _serverName])
            command.Options.Add(option);
        command.Validators.Add(Validate);
    }

    /// <summary>A channel to the service; nothing is sent yet.</summary>
    /// <exception cref="SettingFileException">A file cannot be used; it names the option.</exception>
    public GrpcChannel Open(ParseResult result)
    {
        Uri address = result.GetRequiredValue(_address)!;
        TlsConnectOptions options = new()
        {
            CaPath = result.GetValue(_ca) ?? "",
            Certificate = result.GetValue(_certificate) is { } path ? new CertificateOptions { Path = path, KeyPath = result.GetValue(_key) ?? "" } : null,
            ServerName = result.GetValue(_serverName) ?? "",
        };
        if (address.Scheme == Uri.UriSchemeHttp || options == new TlsConnectOptions())
            return GrpcChannel.ForAddress(address);
        try
        {
            SocketsHttpHandler handler = new() { UseProxy = false };
            new TlsConnector(options, TimeProvider.System, NullLogger.Instance).Attach(handler);
            return GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
        }
        catch (SettingFileException exception)
        {
            throw new SettingFileException(OptionOf(exception.Setting), exception.Sentence);
        }
    }

    private void Validate(CommandResult command)
    {
        if (command.GetValue(_certificate) is null != command.GetValue(_key) is null)
            command.AddError("--cert and --key belong together.");
        bool isClear = command.GetResult(_address)?.Tokens is not [var address] || address.Value.StartsWith("http:", StringComparison.OrdinalIgnoreCase);
        foreach (Option<string> option in (Option<string>[])[_ca, _certificate, _serverName])
        {
            if (isClear && command.GetValue(option) is not null)
                command.AddError($"{option.Name} is for addresses that begin with https://.");
        }
    }

    private string OptionOf(string setting) => setting switch
    {
        nameof(TlsConnectOptions.CaPath) => _ca.Name,
        "Certificate.KeyPath" => _key.Name,
        _ => _certificate.Name,
    };

    private static Uri? ParseAddress(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https")
            return address;
        result.AddError($"--address is {text}, which is not an address such as http://127.0.0.1:5100.");
        return null;
    }

    private static Option<string> Text(string name, string helpName, string description) => new(name) { HelpName = helpName, Description = description };
}
