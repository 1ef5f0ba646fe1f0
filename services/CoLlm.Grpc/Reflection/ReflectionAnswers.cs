using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;

namespace Grpc.Server.Reflection;

/// <summary>Answers the questions of the reflection protocol about the services that the application has mapped.</summary>
internal sealed class ReflectionAnswers(MappedServices services)
{
    private readonly Lazy<DescriptorCatalog> _catalog = new(() => new DescriptorCatalog(services.Descriptors.Select(service => service.File)));

    public ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        ServerReflectionResponse response = request.MessageRequestCase switch
        {
            ServerReflectionRequest.MessageRequestOneofCase.ListServices => ListServices(),
            ServerReflectionRequest.MessageRequestOneofCase.FileByFilename =>
                File(_catalog.Value.FileByName(request.FileByFilename), $"There is no file '{request.FileByFilename}'."),
            ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol =>
                File(_catalog.Value.FileContaining(request.FileContainingSymbol), $"No file declares '{request.FileContainingSymbol}'."),
            _ => Error(StatusCode.Unimplemented, $"The question {request.MessageRequestCase} has no answer here."),
        };
        response.ValidHost = request.Host;
        response.OriginalRequest = request;
        return response;
    }

    private ServerReflectionResponse ListServices()
    {
        ListServiceResponse list = new();
        list.Service.AddRange(services.Descriptors.Select(service => new ServiceResponse { Name = service.FullName }));
        return new ServerReflectionResponse { ListServicesResponse = list };
    }

    private static ServerReflectionResponse File(FileDescriptor? file, string otherwise)
    {
        if (file is null)
            return Error(StatusCode.NotFound, otherwise);

        FileDescriptorResponse files = new();
        files.FileDescriptorProto.AddRange(DescriptorCatalog.WithImports(file).Select(each => each.SerializedData));
        return new ServerReflectionResponse { FileDescriptorResponse = files };
    }

    private static ServerReflectionResponse Error(StatusCode code, string message) =>
        new() { ErrorResponse = new ErrorResponse { ErrorCode = (int)code, ErrorMessage = message } };
}
