import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Starts DynamoDB Local on 127.0.0.1: by itself it listens on every address of the machine, and has no switch. */
public class Loopback {
    public static void main(String[] arguments) throws Exception {
        var dynamo = ServerRunner.createServerFromCommandLineArgs(arguments);
        var field = DynamoDBProxyServer.class.getDeclaredField("server");
        field.setAccessible(true);
        var jetty = (Server) field.get(dynamo);
        ((ServerConnector) jetty.getConnectors()[0]).setHost("127.0.0.1");
        // LocalStack puts it out of its own process group, so that what ends that group does not reach it.
        ProcessHandle.current().parent().ifPresent(parent -> parent.onExit().thenRun(() -> System.exit(0)));
        dynamo.start();
        dynamo.join();
    }
}
