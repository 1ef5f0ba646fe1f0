using System.CommandLine;
using System.CommandLine.Parsing;

namespace CoLlm.Cli.Commands;

/// <summary><c>--address</c>: which running service a command speaks to.</summary>
internal static class AddressOption
{
    public static Option<Uri?> Create(string description) => new("--address")
    {
        Description = description,
        HelpName = "URL",
        DefaultValueFactory = _ => new Uri("http://127.0.0.1:5100"),
        CustomParser = Parse,
    };

    private static Uri? Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https")
            return address;
        result.AddError($"--address is {text}, which is not an address such as http://127.0.0.1:5100.");
        return null;
    }
}
