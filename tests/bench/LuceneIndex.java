import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.QueryBuilder;

/**
 * The peer of bench_index: the same passages, one a Lucene document with its text stored, through the
 * analyser for English (33 stop words, Porter's stemmer); the same questions, any of their words, the
 * same number of hits with their texts. One thread, Lucene's own settings. Figures as bench_index's.
 *
 *     LuceneIndex load DIR | ask DIR
 */
public final class LuceneIndex {
    private static final int HITS = 60;

    private static void figure(String name, double value) {
        System.out.printf("%s %.6g%n", name, value);
    }

    private static double cpuSeconds() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1e9;
    }

    private static BufferedReader open(Path path) throws IOException {
        return new BufferedReader(new InputStreamReader(new FileInputStream(path.toFile()), StandardCharsets.UTF_8), 1 << 16);
    }

    private static void load(Path dir, Analyzer analyzer) throws IOException {
        long since = System.nanoTime();
        double cpu = cpuSeconds();
        long bytes = 0;
        try (FSDirectory index = FSDirectory.open(dir.resolve("lucene"));
                IndexWriter writer = new IndexWriter(index, new IndexWriterConfig(analyzer));
                BufferedReader in = open(dir.resolve("passages"))) {
            for (String line; (line = in.readLine()) != null;) {
                Document d = new Document();
                d.add(new TextField("text", line, Field.Store.YES));
                writer.addDocument(d);
                bytes += line.length() + 1;
            }
            writer.commit();
        }
        figure("load_s", (System.nanoTime() - since) / 1e9);
        figure("cpu_s", cpuSeconds() - cpu);
        figure("mb", bytes / 1e6);
    }

    private static double[] askAll(IndexSearcher searcher, List<Query> queries) throws IOException {
        double[] ms = new double[queries.size()];
        long length = 0;
        for (int i = 0; i < ms.length; i++) {
            long since = System.nanoTime();
            if (queries.get(i) != null)
                for (ScoreDoc hit : searcher.search(queries.get(i), HITS).scoreDocs)
                    length += searcher.doc(hit.doc).get("text").length();
            ms[i] = (System.nanoTime() - since) / 1e6;
        }
        if (length == 0)
            throw new IOException("nothing is found");
        return ms;
    }

    private static void ask(Path dir, Analyzer analyzer) throws IOException {
        List<Query> queries = new ArrayList<>();
        try (BufferedReader in = open(dir.resolve("questions"))) {
            for (String line; (line = in.readLine()) != null;)
                queries.add(new QueryBuilder(analyzer).createBooleanQuery("text", line, BooleanClause.Occur.SHOULD));
        }
        try (FSDirectory index = FSDirectory.open(dir.resolve("lucene")); DirectoryReader reader = DirectoryReader.open(index)) {
            IndexSearcher searcher = new IndexSearcher(reader);
            searcher.setQueryCache(null);
            for (int i = 0; i < 2; i++) // the machine code is made on the way
                askAll(searcher, queries);
            double cpu = cpuSeconds();
            double[] ms = askAll(searcher, queries);
            figure("cpu_ms", (cpuSeconds() - cpu) * 1e3 / ms.length);
            Arrays.sort(ms);
            figure("mean_ms", Arrays.stream(ms).average().getAsDouble());
            figure("p50_ms", ms[ms.length / 2]);
            figure("p95_ms", ms[ms.length * 95 / 100]);
            figure("max_ms", ms[ms.length - 1]);
        }
        for (String line : Files.readAllLines(Paths.get("/proc/self/status")))
            if (line.startsWith("VmRSS:"))
                figure("rss_kib", Double.parseDouble(line.replaceAll("[^0-9]", "")));
    }

    public static void main(String[] args) throws IOException {
        Path dir = Paths.get(args[1]);
        if (args[0].equals("load"))
            load(dir, new EnglishAnalyzer());
        else
            ask(dir, new EnglishAnalyzer());
    }
}
