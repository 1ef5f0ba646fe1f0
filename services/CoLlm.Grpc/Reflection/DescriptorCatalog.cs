using Google.Protobuf.Reflection;

namespace Grpc.Server.Reflection;

/// <summary>Finds files by name and by what they declare, among the files of some services and all that those import.</summary>
internal sealed class DescriptorCatalog
{
    private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _symbols = new(StringComparer.Ordinal);

    public DescriptorCatalog(IEnumerable<FileDescriptor> files)
    {
        foreach (FileDescriptor file in files)
            AddFile(file);
    }

    public FileDescriptor? FileByName(string name) => _files.GetValueOrDefault(name);

    public FileDescriptor? FileContaining(string symbol) => _symbols.GetValueOrDefault(symbol);

    /// <summary>The file and all that it imports, each once, the file itself first.</summary>
    public static IReadOnlyList<FileDescriptor> WithImports(FileDescriptor file)
    {
        List<FileDescriptor> files = [file];
        HashSet<string> names = new(StringComparer.Ordinal) { file.Name };
        for (int i = 0; i < files.Count; i++)
            files.AddRange(files[i].Dependencies.Where(import => names.Add(import.Name)));

        return files;
    }

    private void AddFile(FileDescriptor file)
    {
        if (!_files.TryAdd(file.Name, file))
            return;

        foreach (FileDescriptor import in file.Dependencies)
            AddFile(import);

        foreach (ServiceDescriptor service in file.Services)
        {
            _symbols[service.FullName] = file;
            foreach (MethodDescriptor method in service.Methods)
                _symbols[method.FullName] = file;
        }

        foreach (EnumDescriptor declared in file.EnumTypes)
            AddEnum(declared);

        foreach (MessageDescriptor message in file.MessageTypes)
            AddMessage(message);
    }

    private void AddMessage(MessageDescriptor message)
    {
        _symbols[message.FullName] = message.File;
        foreach (FieldDescriptor field in message.Fields.InDeclarationOrder())
            _symbols[field.FullName] = message.File;

        foreach (OneofDescriptor oneof in message.Oneofs)
            _symbols[oneof.FullName] = message.File;

        foreach (EnumDescriptor declared in message.EnumTypes)
            AddEnum(declared);

        foreach (MessageDescriptor nested in message.NestedTypes)
            AddMessage(nested);
    }

    private void AddEnum(EnumDescriptor declared)
    {
        _symbols[declared.FullName] = declared.File;
        foreach (EnumValueDescriptor value in declared.Values)
            _symbols[value.FullName] = declared.File;
    }
}
